//! A password change at each provider.

use super::*;

/// At each provider it kills the token, ends the session, and tells both.
#[tokio::test]
async fn kills_token_and_tells_why() {
    let world = World::start().await;
    // Each round lies later than the cutoff of the round before.
    for (ahead, name, title) in [
        (0, "cognito-change-password", "Cognito ChangePassword"),
        (10, "auth0-password-changed", "Auth0 scp"),
        (20, "okta-update-password", "Okta user.account.update_password"),
        (30, "generic-password-changed", "generic PasswordChanged"),
    ] {
        let later = now().as_second() + i64::try_from(ahead).unwrap() + 2;
        let sign_in = json!({"subject": "alice", "authTime": later});
        let session = world.post("/dev/sign-in", &sign_in).await;
        let session = session["token"].as_str().unwrap();
        assert_eq!(world.token(session).await.status, StatusCode::OK, "{name}");
        assert_eq!(world.user("alice").await["liveTokens"], 1, "{name}");
        let mut event = world.sample(name).await;
        shift(&mut event, ahead + 3);
        let sent = world.post("/dev/events", &event).await;
        let outcome = (&sent["outcome"], &sent["tokensDied"], &sent["sessionsEnded"]);
        assert_eq!(outcome, (&json!("revoked"), &json!(1), &json!(1)), "{name}: {sent}");
        assert_eq!(sent["done"], true);
        let alice = world.user("alice").await;
        assert_eq!(alice["tokens"][0]["reason"], "revoked", "{name}");
        assert_eq!(alice["sessions"][0]["getsTokens"], false, "{name}");
        assert_eq!(world.token(session).await.json()["code"], "sign_in_again", "{name}");
        let row = world.rows().await.pop().unwrap();
        assert_eq!(row["subject"], "alice");
        let sentence = row["sentence"].as_str().unwrap();
        assert!(sentence.contains(&format!("because of {title}")), "{sentence}");
        assert_eq!(world.user("alice").await["liveTokens"], 0, "{name}");
    }
    // Once the broker asked ACS before it read the record. Nobody has that token.
    let tokens = world.user("alice").await["tokens"].take();
    let discarded = tokens.as_array().unwrap().iter().any(|token| token["discarded"] == true);
    assert!(discarded, "{tokens}");
}

/// Moves the instants of an event by seconds.
fn shift(value: &mut Value, seconds: u64) {
    match value {
        Value::String(text) => {
            if let Ok(instant) = text.parse::<Timestamp>() {
                *text = (instant + std::time::Duration::from_secs(seconds))
                    .strftime("%Y-%m-%dT%H:%M:%SZ")
                    .to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, seconds)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| shift(member, seconds));
        }
        _ => {}
    }
}
