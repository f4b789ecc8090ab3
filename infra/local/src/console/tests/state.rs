//! The whole state: seeded, exported, imported, forgotten.

use std::collections::BTreeMap;

use super::*;

impl World {
    async fn export(&self) -> String {
        self.send(Method::GET, "/dev/export", &[], String::new()).await.text
    }

    async fn import(&self, text: String) -> Response {
        self.send(Method::POST, "/dev/import", &[], text).await
    }

    async fn states(&self) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for user in self.get("/dev/users").await["users"].as_array().unwrap() {
            *states.entry(user["state"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        states
    }
}

/// A newcomer who seeds sees a user in each state.
#[tokio::test]
async fn demo_has_users_in_each_state() {
    let world = World::start().await;
    assert_eq!(world.post("/dev/seed/demo", &json!({})).await["users"], 20);
    let expected = [
        ("active", 11),
        ("deleted", 2),
        ("deletion pending", 1),
        ("new", 3),
        ("revocation pending", 1),
        ("suspended", 2),
    ];
    let expected = expected.map(|(state, count)| (state.to_owned(), count));
    let expected = BTreeMap::from(expected);
    assert_eq!(world.states().await, expected);
    assert_eq!(world.get("/dev/faults").await, json!({"faults": []}));
    // A kept folder is started with --seed demo again and again.
    assert_eq!(world.post("/dev/seed/demo", &json!({})).await["users"], 2);
    assert_eq!(world.states().await, expected);
    let unknown = world.send(Method::POST, "/dev/seed/other", &[], String::new()).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

/// A tester keeps a state and comes back to it, tokens and sessions included.
#[tokio::test]
async fn import_restores_an_export() {
    let world = World::start().await;
    world.post("/dev/seed/demo", &json!({})).await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    let (exported, states) = (world.export().await, world.states().await);
    let alice = world.user("alice").await;

    assert_eq!(world.post("/dev/reset", &json!({})).await["users"], 0);
    assert!(world.states().await.is_empty());
    let imported = world.import(exported.clone()).await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);

    assert_eq!(world.export().await, exported);
    assert_eq!(world.states().await, states);
    let again = world.user("alice").await;
    assert_eq!((&again["tokens"], &again["identity"]), (&alice["tokens"], &alice["identity"]));
    assert_eq!(world.token(&session).await.status, StatusCode::OK);
}

/// A forgotten user who comes back gets a new identity, though a warm function knew the old one.
#[tokio::test]
async fn reset_is_a_new_beginning() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    let before = world.user("alice").await["identity"].clone();
    world.post("/dev/reset?seed=demo", &json!({})).await;
    assert_eq!(world.get("/dev/users").await["total"], 20);
    let token = world.token(&session).await;
    assert_eq!(token.status, StatusCode::OK, "{}", token.text);
    let after = world.user("alice").await;
    assert!(after["identity"].is_string() && after["identity"] != before, "{after}");
    assert_eq!(after["liveTokens"], 1);
}

/// The users of another stack keep their states here.
#[tokio::test]
async fn import_takes_the_state_of_another_stack() {
    let (one, other) = (World::start().await, World::start().await);
    one.post("/dev/seed/demo", &json!({})).await;
    let imported = other.import(one.export().await).await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
    let mut states = one.states().await;
    // Who has only signed in is known to the other stack's identity provider alone.
    states.insert("new".to_owned(), 1);
    assert_eq!(other.states().await, states);
    let subject = "demo-active-01";
    let token = other.token(&other.sign_in(subject).await).await;
    assert_eq!(token.status, StatusCode::OK, "{}", token.text);
    assert_eq!(other.user(subject).await["liveTokens"], 2);
}

/// A file of something else leaves the state as it was, and the error names the line.
#[tokio::test]
async fn import_refuses_other_files() {
    let world = World::start().await;
    world.token(&world.sign_in("alice").await).await;
    let exported = world.export().await;
    let (header, row) = (exported.lines().next().unwrap(), exported.lines().nth(1).unwrap());
    for (text, line) in [
        (String::new(), "line 1"),
        ("{}".to_owned(), "line 1"),
        (format!("{header}\n{{\"other\":{{}}}}\n"), "line 2"),
        (format!("{header}\n\nx\n"), "line 3"),
        (format!("{header}\n{row}\n{{\"row\":{{\"nope\":{{\"S\":\"x\"}}}}}}\n"), "line 3"),
        (format!("{header}\n{row}\n\n{row}\n"), "line 4"),
        (format!("{header}\n{row}\n{{\"change\":{{\"change\":\"unheardOf\"}}}}\n"), "line 3"),
    ] {
        let refused = world.import(text).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.text.contains(line), "{}", refused.text);
    }
    assert_eq!(world.export().await, exported);
}

/// Two test runs that import at the same moment leave the state of one of them, and no mixture:
/// an import waits for the end of another change of the whole state.
#[tokio::test]
async fn import_waits_for_another_change() {
    let world = World::start().await;
    let exported = world.export().await;
    let change = world.stack.console().whole_state.lock().await;
    let import = world.import(exported);
    let mut import = std::pin::pin!(import);
    let waiting = tokio::time::timeout(std::time::Duration::from_secs(1), import.as_mut()).await;
    assert!(waiting.is_err(), "the import did not wait");
    drop(change);
    assert_eq!(import.await.status, StatusCode::OK);
}

/// A test after a reset is not refused for the tokens, or the outage, of the test before.
#[tokio::test]
async fn reset_empties_the_functions_memory() {
    let world = World::start().await;
    for _ in 0..21 {
        world.post("/dev/reset", &json!({})).await;
        let token = world.token(&world.sign_in("alice").await).await;
        assert_eq!(token.status, StatusCode::OK, "{}", token.text);
    }
    let fault = json!({"operation": "any", "effect": {"status": 503}}).to_string();
    world.send(Method::POST, "/dev/faults", &[], fault).await;
    for _ in 0..4 {
        let failed = world.token(&world.sign_in("alice").await).await;
        assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{}", failed.text);
    }
    world.post("/dev/reset", &json!({})).await;
    let token = world.token(&world.sign_in("alice").await).await;
    assert_eq!(token.status, StatusCode::OK, "{}", token.text);
}

/// A user of an imported state does not get a token that this state's ACS does not know.
#[tokio::test]
async fn import_empties_the_functions_memory() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    let exported = world.export().await;
    // The third one is kept in memory, and handed out again.
    for _ in 0..3 {
        world.token(&session).await;
    }
    world.import(exported).await;
    let token = world.token(&session).await.json()["token"].clone();
    let url = format!("{}/_emulator/introspect", world.stack.ready.acs.http);
    let known = json!({"token": token}).to_string();
    let known = world.send_to(Method::POST, &url, &[], known).await.json();
    assert_eq!(known["active"], true, "{known}");
}
