//! Operators use `acs-broker` on the deployed stack, with the rights that docs/operate.md names.

use acs_broker_harness::cli::CliRunner;
use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::events::{sample, subject};
use acs_broker_harness::stack::now;
use serde_json::json;

/// An operator finds the stack by its name, and revokes and deletes in it.
#[tokio::test]
async fn stack_is_found_by_name() {
    let deployed = Deployment::start().await;
    let operator = CliRunner::of_deployed(&deployed).await;
    let session = deployed.outside.sign_in_at("alice", now() - 100).await;
    let first = deployed.token(&session).await;

    let shown = operator.run("show alice").await;
    assert_eq!((shown.exit, &shown.json["identity"]["id"]), (0, &json!(first.identity())));
    let revoked = operator.run("revoke alice").await;
    assert_eq!(revoked.exit, 0, "{}", revoked.text);
    assert!(!deployed.acs().is_active(&first.token()).await);
    assert_eq!(deployed.token(&session).await.code(), "sign_in_again");
    let deleted = operator.run("delete alice --yes").await;
    assert_eq!(deleted.exit, 0, "{}", deleted.text);
    assert_eq!(deployed.acs().live_identities().await, [""; 0]);
    for command in ["suspend bob", "unsuspend bob", "orphans", "revoke-all --yes"] {
        let output = operator.run(command).await;
        assert_eq!(output.exit, 0, "{command}: {}", output.text);
    }
}

/// A dead letter is listed, and carried out once its cause is gone.
#[tokio::test]
async fn dead_letter_is_listed_and_replayed() {
    let deployed = Deployment::start().await;
    let operator = CliRunner::of_deployed(&deployed).await;
    let occurred_at = now();
    let sample = sample("generic-password-changed").at(occurred_at);
    let user = subject(&sample.event().unwrap());
    let session = deployed.outside.sign_in_at(&user, occurred_at - 100).await;
    let token = deployed.acs_token(&session).await;

    let name = deployed.output("IdentityEventsFunctionName");
    let configuration = deployed.aws.configuration(name).await;
    let role = configuration["Role"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap();
    let right = deployed.aws.role_policies(role).await.remove(0);
    let mut wrong = right.clone();
    let statements = wrong["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| !statement["Action"].to_string().contains("dynamodb:"));
    deployed.aws.put_role_policy(role, "identity-events", &wrong).await;
    deployed.publish(&sample).await;
    deployed.until_messages(deployed.output("RevokeDeadLettersUrl"), 1).await;

    let listed = operator.run("dead-letters list").await;
    let letters = listed.json["deadLetters"].as_array().unwrap();
    assert_eq!(letters.len(), 1, "{}", listed.text);
    assert_eq!(letters[0]["queue"], "revoke", "{}", listed.text);
    assert_eq!(letters[0]["detailType"], "PasswordChanged", "{}", listed.text);
    assert!(!listed.text.contains(&format!("\"{user}\"")), "a user by name: {}", listed.text);

    deployed.aws.put_role_policy(role, "identity-events", &right).await;
    let replayed = operator.run("dead-letters replay --yes").await;
    assert_eq!(replayed.exit, 0, "{}", replayed.text);
    deployed.until_dead(&token).await;
    assert_eq!(deployed.token(&session).await.code(), "sign_in_again");
    assert_eq!(operator.run("dead-letters list").await.json["deadLetters"], json!([]));
}

/// Doctor asks AWS about functions, rules, alarms, trails and metrics with the rights that the page
/// names for it, and tells what it found from what it may not see.
#[tokio::test]
async fn doctor_looks_at_the_stack() {
    let deployed = Deployment::start().await;
    let operator = CliRunner::doctor_of_deployed(&deployed).await;
    let output = operator.run("doctor --only aws,events").await;
    let checks = output.json["checks"].as_array().unwrap_or_else(|| panic!("{}", output.text));
    let check = |id: &str| {
        let check = checks.iter().find(|check| check["id"] == id);
        check.unwrap_or_else(|| panic!("no {id}: {}", output.text)).clone()
    };
    for id in ["aws.functions", "events.rules"] {
        assert_eq!(check(id)["state"], "ok", "{id}: {}", output.text);
    }
    assert!(
        check("aws.functions")["found"].as_str().unwrap().starts_with("5 functions are active")
    );
    // The stack has no topic, no trail, and has had no event.
    for (id, state) in [("aws.alarms", "warn"), ("events.trail", "fail"), ("events.flow", "warn")] {
        assert_eq!(check(id)["state"], state, "{id}: {}", output.text);
    }
}
