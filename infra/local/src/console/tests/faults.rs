//! Faults of the table, single faults, and quotas.

use super::*;

impl World {
    async fn fault(&self, fault: Value) -> Response {
        self.send(Method::POST, "/dev/faults", &[], fault.to_string()).await
    }
}

/// An app team sees what its users get while the table fails, and the console still shows users.
#[tokio::test]
async fn of_table_reach_the_functions_only() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    for error in ["unavailable", "throttled"] {
        let added = world.fault(json!({"part": "table", "effect": {"error": error}})).await;
        assert_eq!(added.status, StatusCode::NO_CONTENT, "{}", added.text);
        let refused = world.token(&session).await;
        assert_eq!(refused.json()["code"], "table_unavailable", "{error}: {}", refused.text);
        assert_eq!(world.user("alice").await["state"], "active");
        let id = world.get("/dev/faults").await["faults"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/dev/faults/{id}");
        let removed = world.send(Method::DELETE, &path, &[], String::new()).await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT);
        let again = world.send(Method::DELETE, &path, &[], String::new()).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
        assert_eq!(world.token(&session).await.status, StatusCode::OK);
    }
    assert!(world.get("/dev/counters").await["table"]["BatchGetItem"].as_u64() > Some(2));
}

/// A fault that nobody understands is refused with the member's name.
#[tokio::test]
async fn that_make_no_sense_are_refused() {
    let world = World::start().await;
    for (fault, member) in [
        (json!({"part": "gateway", "effect": {"status": 500}}), "part"),
        (json!({"part": "table", "effect": {}}), "effect"),
        (json!({"effect": {"stauts": 500}}), "stauts"),
        (json!({"effect": {"status": 500}, "rate": 2}), "rate"),
    ] {
        let refused = world.fault(fault).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(member), "{detail}");
    }
}

/// The switch of the quotas shows in the counters.
#[tokio::test]
async fn of_quota_are_switched() {
    let world = World::start().await;
    world.token(&world.sign_in("alice").await).await;
    let quotas = world.get("/dev/counters").await["quotas"].clone();
    assert_eq!(
        (&quotas["enforce"], &quotas["per30Seconds"]["createWithToken"]["used"]),
        (&json!(false), &json!(1))
    );
    let on = json!({"enforce": true}).to_string();
    let json = [("content-type", "application/json")];
    let on = world.send(Method::PUT, "/dev/quotas", &json, on).await;
    assert_eq!(on.json()["enforce"], true, "{}", on.text);
}
