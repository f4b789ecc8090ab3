//! What operators do with `acs-broker`, on the deployed stack and with the rights that the README
//! names.

use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::events::{sample, subject};
use acs_broker_harness::operator::Operator;
use acs_broker_harness::stack::now;
use serde_json::json;

#[tokio::test]
async fn an_operator_finds_the_stack_by_its_name_and_revokes_and_deletes_in_it() {
    let deployed = Deployment::start().await;
    let operator = Operator::of_deployed(&deployed).await;
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
    for command in ["suspend bob", "unsuspend bob", "orphans", "revoke-everybody --yes"] {
        let said = operator.run(command).await;
        assert_eq!(said.exit, 0, "{command}: {}", said.text);
    }
}

#[tokio::test]
async fn a_dead_letter_is_listed_and_carried_out_once_its_cause_is_gone() {
    let deployed = Deployment::start().await;
    let operator = Operator::of_deployed(&deployed).await;
    let happened = now();
    let sample = sample("generic-password-changed").at(happened);
    let user = subject(&sample.event().unwrap());
    let session = deployed.outside.sign_in_at(&user, happened - 100).await;
    let token = deployed.acs_token(&session).await;

    let name = deployed.output("RevokeQueueFunctionName");
    let configuration = deployed.aws.configuration(name).await;
    let role = configuration["Role"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap();
    let right = deployed.aws.role_policies(role).await.remove(0);
    let mut wrong = right.clone();
    let statements = wrong["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| !statement["Action"].to_string().contains("dynamodb:"));
    deployed.aws.put_role_policy(role, "revoke-queue", &wrong).await;
    deployed.say(&sample).await;
    deployed.until_messages(deployed.output("RevokeDeadLettersUrl"), 1).await;

    let listed = operator.run("dead-letters list").await;
    let letters = listed.json["deadLetters"].as_array().unwrap();
    assert_eq!(letters.len(), 1, "{}", listed.text);
    assert_eq!(letters[0]["queue"], "revoke", "{}", listed.text);
    assert_eq!(letters[0]["detailType"], "PasswordChanged", "{}", listed.text);
    assert!(!listed.text.contains(&format!("\"{user}\"")), "a user by name: {}", listed.text);

    deployed.aws.put_role_policy(role, "revoke-queue", &right).await;
    let replayed = operator.run("dead-letters replay --yes").await;
    assert_eq!(replayed.exit, 0, "{}", replayed.text);
    deployed.until_dead(&token).await;
    assert_eq!(deployed.token(&session).await.code(), "sign_in_again");
    assert_eq!(operator.run("dead-letters list").await.json["deadLetters"], json!([]));
}
