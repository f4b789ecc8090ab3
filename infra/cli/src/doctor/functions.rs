//! The check of the functions: their state, their last update, and whether they are alike.

use std::collections::BTreeSet;

use serde_json::Value;

use super::check::Finding;
use super::deployment::{Deployment, unseen};

/// Asks Lambda for each function.
pub(super) async fn functions(deployment: &Deployment) -> Finding {
    let mut described = Vec::new();
    for name in &deployment.functions {
        match deployment.api.function(name).await {
            Ok(function) => described.push(function),
            Err(error) => {
                return unseen(&error, "lambda:GetFunctionConfiguration on the functions");
            }
        }
    }
    judge(&described)
}

/// Judges the configurations of functions.
pub(super) fn judge(functions: &[Value]) -> Finding {
    let text = |function: &Value, name: &str| -> String {
        function.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let named = |function: &Value, member: &str| {
        let [name, value, why] =
            ["FunctionName", member, &format!("{member}Reason")].map(|name| text(function, name));
        format!("{name}: {member} is {value}. {why}").trim_end().to_owned()
    };
    let with = |values: [&str; 2]| {
        let members = ["State", "LastUpdateStatus"].into_iter().zip(values);
        let found = functions.iter().flat_map(|function| {
            let fits = members.clone().filter(|(member, value)| text(function, member) == *value);
            fits.map(|(member, _)| named(function, member)).collect::<Vec<_>>()
        });
        found.collect::<Vec<_>>().join("; ")
    };
    let failed = with(["Failed", "Failed"]);
    if !failed.is_empty() {
        let meaning = "The function does not run, or runs as it was before the update.";
        return Finding::fail(
            failed,
            meaning,
            "Deploy again; Lambda's reason says what to correct.",
        );
    }
    let busy = with(["Pending", "InProgress"]);
    if !busy.is_empty() {
        let meaning = "Requests may still meet the version before.";
        return Finding::warn(busy, meaning, "Wait a minute, and run doctor again.");
    }
    let kinds: BTreeSet<_> = functions
        .iter()
        .map(|function| {
            let architecture = function.pointer("/Architectures/0").and_then(Value::as_str);
            format!("{} on {}", text(function, "Runtime"), architecture.unwrap_or("x86_64"))
        })
        .collect();
    let kinds: Vec<_> = kinds.into_iter().collect();
    if kinds.len() > 1 {
        return Finding::warn(
            format!("the functions differ: {}", kinds.join(", ")),
            "They come from different deployments.",
            "Deploy the stack again, as a whole.",
        );
    }
    let last = functions.iter().map(|function| text(function, "LastModified")).max();
    Finding::ok(format!(
        "{} functions are active, {}, last updated {}",
        functions.len(),
        kinds.join(""),
        last.unwrap_or_default(),
    ))
}
