//! Events of identity providers pass through the rules and the queues.

use std::collections::BTreeMap;

use acs_broker_core::Operation;
use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::events::{Sample, sample, samples, subject};
use acs_broker_harness::stack::now;
use acs_broker_identity_events::{Parsed, Skipped, kinds};
use serde_json::json;

/// A password change at any provider ends the tokens and locks the old sessions out.
#[tokio::test]
async fn password_change_ends_tokens_and_sessions() {
    let deployed = Deployment::start().await;
    for name in [
        "cognito-change-password",
        "auth0-password-changed",
        "okta-update-password",
        "generic-password-changed",
    ] {
        let occurred_at = now();
        let sample = sample(name).at(occurred_at);
        let user = subject(&sample.event().unwrap());
        let session = deployed.outside.sign_in_at(&user, occurred_at - 100).await;
        let first = deployed.token(&session).await;
        deployed.publish(&sample).await;
        deployed.until_dead(&first.token()).await;
        assert_eq!(deployed.token(&session).await.code(), "sign_in_again", "{name}");
        let fresh = deployed.outside.sign_in_at(&user, occurred_at + 1).await;
        assert_eq!(deployed.token(&fresh).await.identity(), first.identity(), "{name}");
    }
}

/// A user who is deleted at the identity provider is deleted at ACS.
#[tokio::test]
async fn provider_deletion_deletes_at_acs() {
    let deployed = Deployment::start().await;
    let occurred_at = now();
    let sample = sample("cognito-admin-delete-user").at(occurred_at);
    let user = subject(&sample.event().unwrap());
    let session = deployed.outside.sign_in_at(&user, occurred_at - 100).await;
    let token = deployed.acs_token(&session).await;
    deployed.publish(&sample).await;
    deployed.until_dead(&token).await;
    assert_eq!(deployed.acs().live_identities().await, [""; 0]);
    assert_eq!(deployed.token(&session).await.code(), "sign_in_again");
}

/// A poisoned message becomes a dead letter, and its neighbours are carried out.
#[tokio::test]
async fn poisoned_message_becomes_dead_letter() {
    let deployed = Deployment::start().await;
    let occurred_at = now();
    let at = |number| sample("generic-password-changed").about(number).at(occurred_at);
    let (alice, bob) = (at(1), at(2));
    let mut tokens = Vec::new();
    for one in [&alice, &bob] {
        let user = subject(&one.event().unwrap());
        let session = deployed.outside.sign_in_at(&user, occurred_at - 100).await;
        tokens.push(deployed.acs_token(&session).await);
    }
    let poison = r#"{"source": "com.example.accounts", "detail": {}}"#;
    let queue = deployed.output("RevokeQueueUrl");
    deployed.aws.send_messages(queue, &[&alice.envelope, poison, &bob.envelope]).await;

    for token in &tokens {
        deployed.until_dead(token).await;
    }
    let dead = deployed.until_messages(deployed.output("RevokeDeadLettersUrl"), 1).await;
    assert_eq!(dead, [poison]);
    assert!(deployed.aws.is_empty(queue).await, "something is left in the queue");
    let log = deployed.aws.log("/aws/lambda/acs-token-broker/identity-events").await;
    let line = acs_broker_harness::log::lines(&log).find(|line| line["EventRejected"] == 1);
    assert_eq!(line.unwrap()["code"], "event_malformed");
}

/// An event with a misspelt name or source becomes a dead letter and is not dropped.
#[tokio::test]
async fn misspelt_event_becomes_dead_letter() {
    let deployed = Deployment::start().await;
    let sample = sample("generic-password-changed").at(now());
    for (right, wrong) in
        [("PasswordChanged", "PasswordChange"), ("com.example.accounts", "com.example.account")]
    {
        let envelope = sample.envelope.replace(right, wrong);
        deployed.publish(&Sample { name: "misspelt".to_owned(), envelope }).await;
    }
    let dead = deployed.until_messages(deployed.output("RevokeDeadLettersUrl"), 2).await;
    for wrong in ["\"PasswordChange\"", "\"com.example.account\""] {
        assert!(dead.iter().any(|message| message.contains(wrong)), "{wrong}: {dead:?}");
    }
}

/// A rule of the template: its pattern, and the queue that it fills.
struct Rule {
    pattern: String,
    queue: String,
}

/// Each event reaches the queue of the function that carries it out, and no other queue.
#[tokio::test]
async fn events_reach_exactly_their_queue() {
    let deployed = Deployment::start().await;
    let mut rules = BTreeMap::new();
    for sample in samples() {
        let expected = match sample.read() {
            Ok(Parsed::Event(event)) if event.operation == Operation::Delete => vec!["delete"],
            Ok(Parsed::Event(_)) => vec!["revoke"],
            Ok(Parsed::Skipped(skipped)) if is_known_by_its_kind(&skipped) => vec![],
            _ => continue,
        };
        let bus = deployed.bus(&sample);
        if !rules.contains_key(&bus) {
            rules.insert(bus.clone(), queue_rules(&deployed, &bus).await);
        }
        let mut queues = Vec::new();
        for rule in &rules[&bus] {
            let test = json!({ "EventPattern": rule.pattern, "Event": sample.envelope });
            let response = deployed.aws.call("events", "AWSEvents.TestEventPattern", test).await;
            if response["Result"] == true {
                queues.push(rule.queue.trim_start_matches("acs-token-broker-"));
            }
        }
        assert_eq!(queues, expected, "{}", sample.name);
    }
    for (bus, rules) in &rules {
        assert_eq!(rules.len(), 2, "a rule for each queue on {bus}");
    }
}

/// Whether an event's kind alone shows that no operation follows, so that the rules leave it out.
/// The functions skip others: those that failed, are about another user pool, or are tests.
fn is_known_by_its_kind(skipped: &Skipped) -> bool {
    !kinds().any(|(provider, kind, _)| provider == skipped.provider && kind == skipped.kind)
}

async fn queue_rules(deployed: &Deployment, bus: &str) -> Vec<Rule> {
    let list = json!({ "EventBusName": bus });
    let listed = deployed.aws.call("events", "AWSEvents.ListRules", list).await;
    let mut rules = Vec::new();
    for rule in listed["Rules"].as_array().unwrap() {
        let Some(pattern) = rule["EventPattern"].as_str() else { continue };
        let name = json!({ "Rule": rule["Name"], "EventBusName": bus });
        let targets = deployed.aws.call("events", "AWSEvents.ListTargetsByRule", name).await;
        let target = &targets["Targets"][0];
        let retry = json!({"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185});
        assert_eq!(target["RetryPolicy"], retry, "{targets}");
        assert!(target["DeadLetterConfig"]["Arn"].is_string(), "{targets}");
        let queue = target["Arn"].as_str().and_then(|arn| arn.rsplit(':').next()).unwrap();
        rules.push(Rule { pattern: pattern.to_owned(), queue: queue.to_owned() });
    }
    rules
}

/// In a burst of password changes each user's tokens die, with one call to ACS for each.
#[tokio::test]
async fn burst_revokes_each_user_once() {
    const USERS: u8 = 40;
    let deployed = Deployment::start().await;
    let occurred_at = now();
    let mut tokens = Vec::new();
    for number in 1..=USERS {
        let sample = sample("generic-password-changed").about(number).at(occurred_at);
        let user = subject(&sample.event().unwrap());
        let session = deployed.outside.sign_in_at(&user, occurred_at - 100).await;
        tokens.push(deployed.acs_token(&session).await);
        deployed.publish(&sample).await;
    }
    for token in &tokens {
        deployed.until_dead(token).await;
    }
    let counters = deployed.acs().counters().await;
    assert_eq!(counters["revoke"]["requests"], u64::from(USERS), "each user once");
    // MiniStack stores the limit and does not keep to it.
    let mappings = deployed.aws.get("lambda", "/2015-03-31/event-source-mappings/").await;
    let mappings = mappings["EventSourceMappings"].as_array().unwrap();
    assert_eq!(mappings.len(), 2);
    for mapping in mappings {
        assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], 2, "{mapping}");
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    }
}
