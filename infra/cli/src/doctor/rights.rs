//! The check of the operator's own rights, by IAM's simulator.

use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

use super::check::Finding;
use super::deployment::{Deployment, unseen};
use super::facts::Facts;

/// Rights that go together: what needs them, the actions, and the resources.
struct Needed {
    commands: &'static str,
    actions: &'static [&'static str],
    resources: Vec<String>,
}

/// Asks IAM for each right of docs/operate.md.
pub(super) async fn rights(deployment: &Deployment, facts: &Facts) -> Finding {
    let Some(principal) = principal(&deployment.caller) else {
        let found = format!("{} has no policies that IAM can simulate", deployment.caller);
        return Finding::skip(found, "docs/operate.md lists the rights.");
    };
    let mut denied = Vec::new();
    for Needed { commands, actions, resources } in needed(deployment, facts) {
        let named = |list: &str, values: &mut dyn Iterator<Item = String>| -> Vec<_> {
            let numbered = values.zip(1..);
            numbered.map(|(value, number)| (format!("{list}.member.{number}"), value)).collect()
        };
        let mut members = vec![("PolicySourceArn".to_owned(), principal.clone())];
        members.extend(named("ActionNames", &mut actions.iter().map(|&one| one.to_owned())));
        members.extend(named("ResourceArns", &mut resources.into_iter()));
        let simulated = match deployment.api.iam("SimulatePrincipalPolicy", &members).await {
            Ok(simulated) => simulated,
            Err(error) => return unseen(&error, "iam:SimulatePrincipalPolicy"),
        };
        let Some(decisions) = decisions(&simulated) else {
            let found = "not checked: IAM's response has no decisions";
            return Finding::skip(found, "docs/operate.md lists the rights.");
        };
        let missing = decisions.into_iter().filter(|(_, decision)| decision != "allowed");
        denied.extend(missing.map(|(action, _)| format!("{action} ({commands})")));
    }
    judge(&denied)
}

/// Judges the rights that are missing.
pub(super) fn judge(denied: &[String]) -> Finding {
    if denied.is_empty() {
        return Finding::ok("each right that the commands need");
    }
    Finding::warn(
        format!("missing: {}", denied.join(", ")),
        "These commands fail for this identity.",
        "Add the rights to its policies: docs/operate.md lists them.",
    )
}

fn needed(deployment: &Deployment, facts: &Facts) -> Vec<Needed> {
    let mut parts = deployment.caller.split(':');
    let (partition, account) = (parts.nth(1).unwrap_or_default(), parts.nth(2).unwrap_or_default());
    let arn = |service: &str, name: &str| {
        format!("arn:{partition}:{service}:{}:{account}:{name}", deployment.api.region())
    };
    let queues = |urls: &[&str]| {
        let names = urls.iter().filter_map(|url| url.rsplit('/').next());
        names.map(|name| arn("sqs", name)).collect()
    };
    let mut needed = vec![
        Needed {
            commands: "every command",
            actions: &[
                "dynamodb:GetItem",
                "dynamodb:BatchGetItem",
                "dynamodb:PutItem",
                "dynamodb:Scan",
            ],
            resources: vec![arn("dynamodb", &format!("table/{}", facts.table_name))],
        },
        Needed {
            commands: "revoke, suspend, delete, revoke-all",
            actions: &["secretsmanager:GetSecretValue"],
            resources: vec![deployment.secret.clone()],
        },
    ];
    if let Some(all) = &facts.queues {
        let dead = [&all.revoke_dead_letters, &all.delete_dead_letters, &all.rule_dead_letters];
        needed.push(Needed {
            commands: "dead-letters",
            actions: &["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"],
            resources: queues(&dead.map(String::as_str)),
        });
        needed.push(Needed {
            commands: "dead-letters replay",
            actions: &["sqs:SendMessage"],
            resources: queues(&[&all.revoke, &all.delete]),
        });
    }
    needed
}

/// Returns the user or the role whose policies decide for a caller. The account's owner has none.
pub(super) fn principal(caller: &str) -> Option<String> {
    let (head, name) = caller
        .rsplit_once(":assumed-role/")
        .map_or((caller, None), |(head, rest)| (head, rest.split('/').next()));
    match name {
        Some(role) => Some(format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1))),
        None => caller.contains(":user/").then(|| caller.to_owned()),
    }
}

/// Returns the actions of a simulation, each with its decision.
pub(super) fn decisions(xml: &str) -> Option<Vec<(String, String)>> {
    let mut document = Document::new(xml);
    let mut root = document.root_element().ok()?;
    let mut decisions = Vec::new();
    collect(&mut root, &mut decisions);
    (!decisions.is_empty()).then_some(decisions)
}

/// Collects the decisions below an element. Those for single resources of an action are in the
/// action's own, which is the strictest of them.
fn collect(element: &mut ScopedDecoder<'_, '_>, decisions: &mut Vec<(String, String)>) {
    let (mut action, mut decision) = (None, None);
    while let Some(mut child) = element.next_tag() {
        let name = child.start_el().local().to_owned();
        match name.as_str() {
            "EvalActionName" => action = text(&mut child),
            "EvalDecision" => decision = text(&mut child),
            "ResourceSpecificResults" | "MatchedStatements" => {}
            _ => collect(&mut child, decisions),
        }
    }
    decisions.extend(action.zip(decision));
}

fn text(element: &mut ScopedDecoder<'_, '_>) -> Option<String> {
    try_data(element).ok().map(|text| text.trim().to_owned())
}
