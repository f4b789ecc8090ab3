//! Events, and what came of them.

use super::*;

/// A developer whose event did nothing reads why, with the name of each source that would.
#[tokio::test]
async fn without_operation_tells_why() {
    let world = World::start().await;
    let skipped = world.event("okta-account-lock").await;
    assert_eq!((&skipped["outcome"], &skipped["done"]), (&json!("skipped"), &json!(true)));
    assert_eq!(skipped["reason"]["code"], "lockout");
    let rejected = world.event("unknown-source").await;
    assert_eq!((&rejected["outcome"], &rejected["done"]), (&json!("rejected"), &json!(false)));
    let text = rejected["reason"]["text"].as_str().unwrap();
    assert!(text.contains("com.example.accounts"), "{text}");
    let rows = world.rows().await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row["sentence"].is_string()), "{rows:?}");
}

/// Each sample that asks for an operation does it for the chosen user.
#[tokio::test]
async fn samples_are_about_the_chosen_user() {
    let world = World::start().await;
    let samples = world.get("/dev/events/samples?subject=zo%C3%AB%20%7C%201").await;
    let samples = samples["samples"].as_array().unwrap();
    assert!(samples.len() > 70);
    for name in ["cognito-change-password", "auth0-user-deleted", "okta-suspend"] {
        let sample = samples.iter().find(|sample| sample["name"] == name).unwrap();
        assert!(sample["reason"].is_null(), "{sample}");
        assert!(sample["event"].to_string().contains("zoë | 1"), "{sample}");
    }
}

/// Events of each sort change the state of the user.
#[tokio::test]
async fn suspends_unsuspends_and_deletes() {
    let world = World::start().await;
    world.token(&world.sign_in("alice").await).await;
    for (name, outcome, state) in [
        ("okta-suspend", "suspended", "suspended"),
        ("okta-unsuspend", "unsuspended", "active"),
        ("auth0-user-deleted", "deleted", "deleted"),
    ] {
        assert_eq!(world.event(name).await["outcome"], outcome, "{name}");
        assert_eq!(world.user("alice").await["state"], state, "{name}");
    }
}
