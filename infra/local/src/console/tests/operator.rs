//! An operator's operations, and faults.

use super::*;

/// An operator's buttons do what `acs-broker` does.
#[tokio::test]
async fn operates_through_the_broker() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    assert_eq!(world.user("alice").await["state"], "new");
    world.token(&session).await;
    let suspended = world.operate("suspend").await;
    assert_eq!((&suspended["outcome"], &suspended["tokensDied"]), (&json!("suspended"), &json!(1)));
    assert_eq!(world.token(&session).await.json()["code"], "user_suspended");
    let row = world.rows().await.pop().unwrap();
    assert!(row["sentence"].as_str().unwrap().contains("because of operator: suspend"));
    assert_eq!(world.operate("unsuspend").await["outcome"], "unsuspended");
    assert_eq!(world.operate("delete").await["outcome"], "deleted");
    assert_eq!(world.user("alice").await["identity"], Value::Null);
    let body = json!({"operation": "erase", "subject": "alice"}).to_string();
    let wrong = world.send(Method::POST, "/dev/operate", &[], body).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

/// While ACS fails, a revocation is pending, and the page says so.
#[tokio::test]
async fn sees_what_is_pending() {
    let world = World::start().await;
    world.token(&world.sign_in("alice").await).await;
    let fault = json!({"operation": "revoke", "effect": {"status": 403}});
    let added = world.send(Method::POST, "/dev/faults", &[], fault.to_string()).await;
    assert_eq!(added.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get("/dev/faults").await["faults"][0]["operation"], "revoke");
    assert_eq!(world.operate("revoke").await["outcome"], "deferred");
    assert_eq!(world.user("alice").await["state"], "revocation pending");
    let pending = world.get("/dev/users?state=revocation%20pending").await;
    assert_eq!(pending["users"][0]["subject"], "alice");
    world.send(Method::DELETE, "/dev/faults", &[], String::new()).await;
    assert_eq!(world.operate("revoke").await["outcome"], "revoked");
    assert_eq!(world.user("alice").await["state"], "active");
    assert_eq!(world.get("/dev/counters").await["acs"]["create"]["effects"], 1);
}
