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
