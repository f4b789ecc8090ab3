//! The clock of all parts.

use super::*;

impl World {
    async fn put_clock(&self, body: Value) -> Response {
        self.send(Method::PUT, "/dev/clock", &[], body.to_string()).await
    }
}

/// A day later the token is over, the session too, and a new sign-in works at once.
#[tokio::test]
async fn moves_every_part() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    let moved = world.put_clock(json!({"advanceSeconds": 90_000})).await;
    assert_eq!(moved.json()["offsetSeconds"], 90_000, "{}", moved.text);
    let alice = world.user("alice").await;
    assert_eq!(alice["tokens"][0]["reason"], "expired");
    assert_eq!(alice["sessions"][0]["reason"], "Its access token has expired.");
    assert_eq!(world.token(&session).await.status, StatusCode::UNAUTHORIZED);
    let token = world.token(&world.sign_in("alice").await).await;
    assert_eq!(token.status, StatusCode::OK, "{}", token.text);
    assert_eq!(world.user("alice").await["liveTokens"], 1);
    let row = world.rows().await.into_iter().find(|row| row["kind"] == "clock").unwrap();
    assert_eq!(row["title"], "clock +1 d 1 h");
}

/// After the retention time the table forgets a deleted user.
#[tokio::test]
async fn ends_a_tombstone() {
    let world = World::start().await;
    world.token(&world.sign_in("alice").await).await;
    world.operate("delete").await;
    assert_eq!(world.user("alice").await["state"], "deleted");
    let moved = world.put_clock(json!({"advanceSeconds": 401 * 86_400})).await.json();
    assert_eq!(moved["expiredRows"], 1, "{moved}");
    assert_eq!(world.user("alice").await["state"], "new");
}

/// What was left pending is completed by the sweep that time brings.
#[tokio::test]
async fn brings_the_sweep() {
    let world = World::start().await;
    world.token(&world.sign_in("alice").await).await;
    let fault = json!({"operation": "delete", "effect": {"status": 403}}).to_string();
    world.send(Method::POST, "/dev/faults", &[], fault).await;
    assert_eq!(world.operate("delete").await["outcome"], "deferred");
    world.send(Method::DELETE, "/dev/faults", &[], String::new()).await;
    let moved = world.put_clock(json!({"advanceSeconds": 3600})).await.json();
    assert_eq!(moved["sweep"]["deleted"], 1, "{moved}");
    assert_eq!(world.user("alice").await["state"], "deleted");
}

/// Tests that put the clock forward at once get there together.
#[tokio::test]
async fn moves_at_once_add_up() {
    let world = World::start().await;
    let hour = || world.put_clock(json!({"advanceSeconds": 3600}));
    let moved = futures_util::future::join_all((0..5).map(|_| hour())).await;
    assert!(moved.iter().all(|moved| moved.status == StatusCode::OK));
    assert_eq!(world.get("/dev/clock").await["offsetSeconds"], 5 * 3600);
}

/// A script that sets the clock back by mistake is told; one that means it is obeyed.
#[tokio::test]
async fn goes_back_only_when_told() {
    let world = World::start().await;
    world.put_clock(json!({"advanceSeconds": 3600})).await;
    let back = json!({"offsetSeconds": 0});
    assert_eq!(world.put_clock(back).await.status, StatusCode::BAD_REQUEST);
    let back = json!({"offsetSeconds": 0, "force": true});
    assert_eq!(world.put_clock(back).await.json()["offsetSeconds"], 0);
    for wrong in [json!({}), json!({"advanceSeconds": 1, "offsetSeconds": 1}), json!({"now": "x"})]
    {
        assert_eq!(world.put_clock(wrong).await.status, StatusCode::BAD_REQUEST);
    }
    let far = json!({"advanceSeconds": i64::MAX});
    assert_eq!(world.put_clock(far).await.status, StatusCode::BAD_REQUEST);
}
