//! The list of users.

use super::*;

/// A user is found by name, by identity and by state, and pages hold each user once.
#[tokio::test]
async fn are_searched_and_paged() {
    let world = World::start().await;
    for subject in ["alice", "bob", "carol"] {
        world.token(&world.sign_in(subject).await).await;
    }
    world.sign_in("dave").await;
    let named = async |query: &str| -> Vec<String> {
        let page = world.get(&format!("/dev/users?{query}")).await;
        let users = page["users"].as_array().unwrap().iter();
        users.map(|user| user["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(named("search=ALI").await, ["alice"]);
    assert_eq!(named("state=new").await, ["dave"]);
    assert!(named(&format!("after={}", usize::MAX)).await.is_empty(), "beyond the last page");
    let identity = world.user("bob").await["identity"].as_str().unwrap().to_owned();
    assert_eq!(named(&format!("search={identity}")).await, ["bob"]);
    let (mut found, mut after) = (Vec::new(), String::new());
    for _ in 0..4 {
        let page = world.get(&format!("/dev/users?limit=1&search=o&after={after}")).await;
        found.extend(page["users"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    }
    let mut found: Vec<_> = found.iter().map(|user| user["subject"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, ["bob", "carol"]);
}

/// With 10,000 users the list comes in pages, and the search finds one by name or identity.
#[tokio::test]
async fn are_ten_thousand() {
    let world = World::start().await;
    world.token(&world.sign_in("alice").await).await;
    let exported = world.send(Method::GET, "/dev/export", &[], String::new()).await.text;
    let is_row = |line: &&str| line.contains("\"row\"") && line.contains("alice");
    let row = exported.lines().find(is_row).unwrap();
    let identity = world.user("alice").await["identity"].as_str().unwrap().to_owned();
    let mut text = exported.lines().next().unwrap().to_owned();
    for number in 0..10_000 {
        text.push('\n');
        let other = format!("{}{number:012}", &identity[..identity.len() - 12]);
        text.push_str(&row.replace("alice", &format!("u{number:05}")).replace(&identity, &other));
    }
    let imported = world.send(Method::POST, "/dev/import", &[], text).await;
    assert_eq!(imported.json()["rows"], 10_000, "{}", imported.text);
    let page = world.get("/dev/users").await;
    let subjects = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().unwrap().iter();
        users.map(|user| user["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((subjects(&page).len(), &page["total"]), (100, &json!(10_000)));
    let next = format!("/dev/users?after={}", page["next"].as_str().unwrap());
    assert_eq!(subjects(&world.get(&next).await)[0], "u00100");
    let found = world.get("/dev/users?search=u07777").await;
    assert_eq!((subjects(&found), &found["next"]), (vec!["u07777".to_owned()], &Value::Null));
    let found = world.get("/dev/users?search=000000001234").await;
    assert_eq!(subjects(&found), ["u01234"]);
    assert_eq!(world.get("/dev/users?sort=state&state=suspended").await["total"], 0);
}

/// A list that was read before a write shows the write.
#[tokio::test]
async fn are_as_the_last_write_left_them() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    let state = async || world.get("/dev/users").await["users"][0]["state"].clone();
    assert_eq!(state().await, "new");
    world.token(&session).await;
    assert_eq!(state().await, "active");
    world.operate("suspend").await;
    assert_eq!(state().await, "suspended");
}
