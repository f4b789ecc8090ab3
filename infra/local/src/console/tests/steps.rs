//! What a row opens into.

use super::*;

impl World {
    /// The steps of the newest row, each as `part what attempt result`.
    async fn newest_steps(&self) -> (Value, Vec<String>) {
        let row = self.rows().await.pop().unwrap();
        let row = self.get(&format!("/dev/timeline/{}", row["seq"])).await;
        let steps = row["steps"].as_array().unwrap().iter();
        let text = |step: &Value| {
            let of = |name: &str| step[name].as_str().unwrap().to_owned();
            format!("{} {} {} {}", of("part"), of("what"), step["attempt"], of("result"))
        };
        let texts = steps.map(text).collect();
        (row, texts)
    }
}

/// A developer sees the order that the protocol needs, and no token.
#[tokio::test]
async fn show_order_of_first_token() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    let token = world.token(&session).await.json();
    let (row, steps) = world.newest_steps().await;
    assert_eq!(
        steps,
        [
            "authorizer verify the access token 1 passed",
            "function issue 1 200",
            "table BatchGetItem 1 200",
            "table PutItem 1 200",
            "acs create identity 1 201",
            "table PutItem 1 200",
            "table BatchGetItem 1 200",
        ]
    );
    assert_eq!(row["log"][0]["operation"], "issueToken");
    let text = row.to_string();
    assert!(!text.contains(token["token"].as_str().unwrap()), "{text}");
    assert!(!text.contains(&session), "{text}");
    assert!(text.contains("expiresOn"), "{text}");
}

/// Retries are seen one by one, with what each got.
#[tokio::test]
async fn show_each_attempt() {
    let world = World::start().await;
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    let fault = json!({"operation": "revoke", "effect": {"status": 503}, "times": 1});
    world.send(Method::POST, "/dev/faults", &[], fault.to_string()).await;
    let fault = json!({"part": "table", "operation": "PutItem", "effect": {"error": "throttled"}, "times": 1});
    world.send(Method::POST, "/dev/faults", &[], fault.to_string()).await;
    world.operate("revoke").await;
    let (_, steps) = world.newest_steps().await;
    for expected in [
        "table PutItem 1 400 ProvisionedThroughputExceededException",
        "table PutItem 2 200",
        "acs revoke tokens 1 503",
        "acs revoke tokens 2 204",
    ] {
        assert!(steps.iter().any(|step| step == expected), "{expected}: {steps:?}");
    }
}

/// A refusal has a remedy, be it the gateway's or a function's.
#[tokio::test]
async fn of_refusal_have_a_remedy() {
    let world = World::start().await;
    world.token("x").await;
    let (row, steps) = world.newest_steps().await;
    assert_eq!(steps, ["authorizer verify the access token 1 401"]);
    assert!(row["remedy"].as_str().unwrap().contains("Sign in"), "{row}");
    let session = world.sign_in("alice").await;
    world.token(&session).await;
    world.operate("suspend").await;
    world.token(&session).await;
    let (row, _) = world.newest_steps().await;
    assert_eq!(row["code"], "user_suspended");
    assert!(row["remedy"].as_str().unwrap().contains("lift"), "{row}");
    let missing = world.send(Method::GET, "/dev/timeline/999", &[], String::new()).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

/// Somebody who looks at one user's requests gets those only.
#[tokio::test]
async fn are_filtered_by_user_and_kind() {
    let world = World::start().await;
    for subject in ["alice", "bob"] {
        world.token(&world.sign_in(subject).await).await;
    }
    let rows = world.get("/dev/timeline?subject=bob&kind=request").await;
    let rows = rows["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["subject"]), (1, &json!("bob")));
}
