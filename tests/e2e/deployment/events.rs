//! What identity providers say, on its way through the rules and the queues.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::collections::BTreeMap;

use acs_broker_harness::deployment::Deployment;
use acs_broker_harness::events::{Sample, sample, samples, subject};
use acs_broker_harness::stack::now;
use acs_broker_identity_events::{Action, Reading, Reason};
use serde_json::json;

#[tokio::test]
async fn a_password_change_at_any_provider_ends_the_tokens_and_locks_the_old_session_out() {
    let deployed = Deployment::start().await;
    for name in [
        "cognito-change-password",
        "auth0-password-changed",
        "okta-update-password",
        "generic-password-changed",
    ] {
        let happened = now();
        let sample = sample(name).at(happened);
        let user = subject(&sample.event().unwrap());
        let session = deployed.outside.sign_in_at(&user, happened - 100).await;
        let first = deployed.token(&session).await;
        deployed.say(&sample).await;
        deployed.until_dead(&first.token()).await;
        assert_eq!(deployed.token(&session).await.code(), "sign_in_again", "{name}");
        let fresh = deployed.outside.sign_in_at(&user, happened + 1).await;
        assert_eq!(deployed.token(&fresh).await.identity(), first.identity(), "{name}");
    }
}

#[tokio::test]
async fn a_user_who_is_deleted_at_the_provider_is_deleted_at_acs() {
    let deployed = Deployment::start().await;
    let happened = now();
    let sample = sample("cognito-admin-delete-user").at(happened);
    let user = subject(&sample.event().unwrap());
    let session = deployed.outside.sign_in_at(&user, happened - 100).await;
    let token = deployed.acs_token(&session).await;
    deployed.say(&sample).await;
    deployed.until_dead(&token).await;
    assert_eq!(deployed.acs().live_identities().await, [""; 0]);
    assert_eq!(deployed.token(&session).await.code(), "sign_in_again");
}

#[tokio::test]
async fn a_poisoned_message_ends_in_the_dead_letters_and_its_neighbours_are_done() {
    let deployed = Deployment::start().await;
    let happened = now();
    let at = |number| sample("generic-password-changed").about(number).at(happened);
    let (alice, bob) = (at(1), at(2));
    let mut tokens = Vec::new();
    for one in [&alice, &bob] {
        let user = subject(&one.event().unwrap());
        let session = deployed.outside.sign_in_at(&user, happened - 100).await;
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
    let log = deployed.aws.log("/aws/lambda/acs-token-broker/revoke-queue").await;
    let line = acs_broker_harness::log::lines(&log).find(|line| line["EventUnusable"] == 1);
    assert_eq!(line.unwrap()["code"], "not_an_event");
}

#[tokio::test]
async fn an_event_with_a_misspelt_name_or_source_is_seen_and_not_dropped() {
    let deployed = Deployment::start().await;
    let sample = sample("generic-password-changed").at(now());
    for (right, wrong) in
        [("PasswordChanged", "PasswordChange"), ("com.example.accounts", "com.example.account")]
    {
        let envelope = sample.envelope.replace(right, wrong);
        deployed.say(&Sample { name: "misspelt".to_owned(), envelope }).await;
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

#[tokio::test]
async fn each_event_reaches_the_queue_of_the_function_that_carries_it_out_and_no_other() {
    let deployed = Deployment::start().await;
    let mut rules = BTreeMap::new();
    for sample in samples() {
        let expected = match sample.read() {
            Ok(Reading::Change(event)) if event.action == Action::Delete => vec!["delete"],
            Ok(Reading::Change(_)) => vec!["revoke"],
            Ok(Reading::Ignored(ignored)) if is_known_by_its_kind(ignored.reason) => vec![],
            _ => continue,
        };
        let bus = deployed.bus(&sample);
        if !rules.contains_key(&bus) {
            rules.insert(bus.clone(), queue_rules(&deployed, &bus).await);
        }
        let mut queues = Vec::new();
        for rule in &rules[&bus] {
            let test = json!({ "EventPattern": rule.pattern, "Event": sample.envelope });
            let answer = deployed.aws.call("events", "AWSEvents.TestEventPattern", test).await;
            if answer["Result"] == true {
                queues.push(rule.queue.trim_start_matches("acs-token-broker-"));
            }
        }
        assert_eq!(queues, expected, "{}", sample.name);
    }
    for (bus, rules) in &rules {
        assert_eq!(rules.len(), 2, "a rule for each queue on {bus}");
    }
}

/// Whether a rule can know of an event that nothing follows from it. What has failed, or is about
/// another user pool, or is a test, only the functions know.
fn is_known_by_its_kind(reason: Reason) -> bool {
    matches!(reason, Reason::OnlyAsked | Reason::Lockout | Reason::OneSession | Reason::UnknownKind)
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

#[tokio::test]
async fn in_a_burst_of_password_changes_every_users_tokens_die_and_acs_is_asked_once_for_each() {
    const USERS: u8 = 40;
    let deployed = Deployment::start().await;
    let happened = now();
    let mut tokens = Vec::new();
    for number in 1..=USERS {
        let sample = sample("generic-password-changed").about(number).at(happened);
        let user = subject(&sample.event().unwrap());
        let session = deployed.outside.sign_in_at(&user, happened - 100).await;
        tokens.push(deployed.acs_token(&session).await);
        deployed.say(&sample).await;
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
