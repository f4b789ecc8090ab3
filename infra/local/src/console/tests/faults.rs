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
        (json!({"part": "queue", "effect": {"status": 500}}), "part: acs, table, provider or"),
        (json!({"part": "gateway", "effect": {"status": 200}}), "status"),
        (json!({"part": "provider", "effect": {}}), "otherKey"),
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

/// An app team sees what its users get while AWS's gateway throttles, fails, or loses a response.
#[tokio::test]
async fn of_gateway_hide_the_function() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    for status in [429, 503] {
        let effect = json!({"status": status});
        let fault = json!({"part": "gateway", "operation": "issue", "effect": effect, "times": 1});
        assert_eq!(world.fault(fault).await.status, StatusCode::NO_CONTENT);
        let refused = world.token(&session).await;
        let words = refused.status.canonical_reason().unwrap();
        assert_eq!(
            (refused.status.as_u16(), &refused.json()),
            (status, &json!({"message": words}))
        );
        let rows = world.rows().await;
        let row = rows.iter().rfind(|row| row["kind"] == "request").unwrap();
        assert_eq!(row["sentence"], "A fault of the gateway asks for this.");
        assert!(row["remedy"].as_str().unwrap().contains("fault of the gateway"), "{row}");
    }
    assert_eq!(world.user("alice").await["identity"], Value::Null, "no function ran");
    let lost = json!({"status": 503, "afterEffect": true});
    world.fault(json!({"part": "gateway", "effect": lost, "times": 1})).await;
    assert_eq!(world.token(&session).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.user("alice").await["identity"].is_string(), "the function ran");
    assert_eq!(world.token(&session).await.status, StatusCode::OK);
}

/// The mistakes and outages of an identity provider show as they do in production.
#[tokio::test]
async fn of_provider_reach_sign_in_and_gateway() {
    let world = World::start().await;
    let good = world.sign_in("alice").await;
    for (effect, reason) in [
        (json!({"otherKey": true}), "the token names no key of the issuer"),
        (json!({"claims": {"iss": "https://other.example"}}), "does not have a valid issuer"),
        (json!({"clockSeconds": -7200}), "expired"),
    ] {
        world.fault(json!({"part": "provider", "effect": effect, "times": 1})).await;
        let refused = world.token(&world.sign_in("alice").await).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{effect}: {}", refused.text);
        let challenge = refused.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains(reason), "{effect}: {challenge}");
        assert_eq!(world.token(&world.sign_in("alice").await).await.status, StatusCode::OK);
    }
    let without = json!({"claims": {"auth_time": null, "iat": null}});
    world.fault(json!({"part": "provider", "effect": without, "times": 1})).await;
    let refused = world.token(&world.sign_in("alice").await).await;
    assert_eq!(refused.json()["code"], "invalid_claims", "{}", refused.text);

    world.fault(json!({"part": "provider", "effect": {"unavailable": "keySet"}})).await;
    let refused = world.token(&good).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{}", refused.text);
    let key_set = world.send(Method::GET, "/.well-known/jwks.json", &[], String::new()).await;
    assert_eq!(key_set.status, StatusCode::SERVICE_UNAVAILABLE);
    let id = world.get("/dev/faults").await["faults"][0]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("provider-"), "{id}");
    world.send(Method::DELETE, &format!("/dev/faults/{id}"), &[], String::new()).await;
    assert_eq!(world.token(&good).await.status, StatusCode::OK);

    world.fault(json!({"part": "provider", "effect": {"unavailable": "signIn"}})).await;
    let sign_in = json!({"subject": "alice"}).to_string();
    let refused = world.send(Method::POST, "/dev/sign-in", &[], sign_in).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.text);
    world.post("/dev/reset", &Value::Null).await;
    assert_eq!(world.get("/dev/faults").await["faults"], json!([]), "a reset ends all faults");
}

/// With a rate, a part of the calls fails and the others pass.
#[tokio::test]
async fn with_rate_befall_some_calls() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    for part in ["gateway", "table"] {
        let effect = match part {
            "table" => json!({"error": "unavailable"}),
            _ => json!({"status": 503}),
        };
        world.fault(json!({"part": part, "effect": effect, "rate": 0.5})).await;
        let mut refused = 0;
        for _ in 0..20 {
            refused += u32::from(world.token(&session).await.status != StatusCode::OK);
        }
        assert!((1..20).contains(&refused), "{part}: {refused}");
        world.send(Method::DELETE, "/dev/faults", &[], String::new()).await;
    }
}
