//! What a line says about a response, an event or a sweep, from what functions write.

use acs_broker_lambda::Metric;
use http::StatusCode;
use serde_json::Value;

/// Returns what happened, or why the request was refused: from the response's body, and from the
/// function's own line where the function runs in this process.
#[must_use]
pub(crate) fn of_response(status: StatusCode, body: &str, function: Option<&Value>) -> String {
    let body = serde_json::from_str::<Value>(body).unwrap_or_default();
    let mut parts = Vec::new();
    if status.is_client_error() || status.is_server_error() {
        parts.extend(refusal(&body));
    }
    if let Some(results) = body.get("results").and_then(Value::as_array) {
        parts.extend(results.iter().filter_map(result));
    }
    if let Some(line) = function {
        parts.extend(happenings(line));
        if status.is_server_error() {
            parts.extend(text(line, "error").map(str::to_owned));
            parts.extend(text(line, "hint").map(|hint| format!("hint: {hint}")));
        }
    }
    parts.join("; ")
}

/// Returns the line of an invocation that is not the gateway's: an event's or a sweep's, or that of
/// a request whose caller has gone.
#[must_use]
pub(crate) fn of_invocation(line: &Value) -> String {
    let mut parts = match text(line, "operation").unwrap_or("function") {
        "consumeEvent" => vec!["event".to_owned()],
        operation => vec![operation.to_owned()],
    };
    let event = ["provider", "kind"].map(|name| text(line, name));
    if let [Some(provider), Some(kind)] = event {
        parts.push(format!("{provider} {kind}"));
    }
    parts.extend(text(line, "eventOperation").map(str::to_owned));
    parts.extend(line.get("status").and_then(Value::as_u64).map(|status| status.to_string()));
    parts.extend(line.get("Latency").and_then(Value::as_f64).map(|time| format!("{time:.0} ms")));
    let mut remarks = happenings(line);
    if let Some(report) = line.get("report") {
        let counts = report_counts(report);
        remarks.push(if counts.is_empty() { "nothing was due".to_owned() } else { counts });
    }
    remarks.extend(text(line, "skipReason").map(|reason| format!("skipped: {reason}")));
    let why = [text(line, "code"), text(line, "error")].into_iter().flatten();
    let why = why.collect::<Vec<_>>().join(": ");
    remarks.extend((!why.is_empty()).then_some(why));
    // The hints of events speak of a dead-letter queue, which is not here.
    if text(line, "operation") != Some("consumeEvent") {
        remarks.extend(text(line, "hint").map(|hint| format!("hint: {hint}")));
    }
    if !remarks.is_empty() {
        parts.push(remarks.join("; "));
    }
    parts.join("  ")
}

/// Returns a problem's code and detail, or the message of the gateway.
pub(crate) fn refusal(body: &Value) -> Option<String> {
    let explained = text(body, "detail").or_else(|| text(body, "title"));
    match (text(body, "code"), explained.or_else(|| text(body, "message"))) {
        (Some(code), Some(explained)) => Some(format!("{code}: {explained}")),
        (code, explained) => code.or(explained).map(str::to_owned),
    }
}

/// Returns how one of an operator's users ended: `alice done`.
fn result(result: &Value) -> Option<String> {
    let outcome = text(result, "outcome")?;
    let code = text(result, "code").map(|code| format!(" ({code})")).unwrap_or_default();
    Some(format!("{} {outcome}{code}", text(result, "subject")?))
}

/// Returns what the function counted, in words. A token that was issued is the 200 itself, and a
/// problem is its code.
fn happenings(line: &Value) -> Vec<String> {
    let is_said = |metric: &&Metric| {
        // The problems' metrics are the last ones of the list.
        let is_problem = **metric >= Metric::AcsMisconfigured;
        is_problem || metric.unit().is_some() || **metric == Metric::TokenIssued
    };
    let counted = Metric::ALL.iter().filter(|metric| !is_said(metric));
    let counted = counted.filter(|metric| line.get(metric.name()).is_some());
    counted.map(|metric| words(metric.name())).collect()
}

/// Returns the counts of a sweep's report that are not 0: `2 revoked, unfinished`.
fn report_counts(report: &Value) -> String {
    let entries = report.as_object().into_iter().flatten();
    let counts = entries.filter_map(|(name, value)| match value {
        Value::Bool(true) => Some(words(name)),
        Value::Number(count) if count.as_u64() != Some(0) => {
            Some(format!("{count} {}", words(name)))
        }
        _ => None,
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// Returns a name in camel case as words.
fn words(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    mod response {
        use super::*;

        /// The first token of a user is told from the others.
        #[test]
        fn says_what_the_function_did() {
            let line = json!({"TokenIssued": 1, "IdentityCreated": 1, "Latency": 29.1});
            assert_eq!(of_response(StatusCode::OK, "{}", Some(&line)), "identity created");
            assert_eq!(of_response(StatusCode::OK, "{}", Some(&json!({"TokenIssued": 1}))), "");
        }

        /// A refusal has its reason in the terminal, too.
        #[test]
        fn gives_the_reason_of_a_refusal() {
            let body = r#"{"code":"bad_request","title":"Bad","detail":"scopes: unknown"}"#;
            let line = json!({"BadRequest": 1, "code": "bad_request"});
            let remark = of_response(StatusCode::BAD_REQUEST, body, Some(&line));
            assert_eq!(remark, "bad_request: scopes: unknown");
        }

        /// A failure behind the broker shows its cause and what to do.
        #[test]
        fn gives_cause_and_hint_of_failure() {
            let body = r#"{"code":"acs_unavailable","title":"Try again"}"#;
            let line = json!({"AcsUnavailable": 1, "error": "HTTP 503", "hint": "wait"});
            let remark = of_response(StatusCode::SERVICE_UNAVAILABLE, body, Some(&line));
            assert_eq!(remark, "acs_unavailable: Try again; HTTP 503; hint: wait");
        }

        /// An operator sees how each user ended.
        #[test]
        fn names_each_operators_user() {
            let body = r#"{"results":[{"subject":"alice","outcome":"done"},
                {"subject":"bob","outcome":"failed","code":"acs_unavailable"}]}"#;
            let remark = of_response(StatusCode::OK, body, None);
            assert_eq!(remark, "alice done; bob failed (acs_unavailable)");
        }
    }

    mod invocation {
        use super::*;

        /// An event's line says what the provider reported and what followed.
        #[test]
        fn of_an_event_says_what_followed() {
            let line = json!({
                "operation": "consumeEvent", "provider": "okta", "kind": "user.session.clear",
                "eventOperation": "revoke", "EventHandled": 1, "Latency": 12.4,
            });
            let expected = "event  okta user.session.clear  revoke  12 ms  event handled";
            assert_eq!(of_invocation(&line), expected);
        }

        /// An event that is rejected says where it is wrong.
        #[test]
        fn of_a_rejected_event_gives_the_reason() {
            let line = json!({
                "operation": "consumeEvent", "EventRejected": 1, "code": "event_malformed",
                "error": "source: is none of those configured",
            });
            let expected =
                "event  event rejected; event_malformed: source: is none of those configured";
            assert_eq!(of_invocation(&line), expected);
        }

        /// A sweep with nothing to do says so.
        #[test]
        fn of_a_sweep_counts_what_was_due() {
            let idle = json!({"operation": "sweep", "report": {"revoked": 0, "unfinished": false}});
            assert_eq!(of_invocation(&idle), "sweep  nothing was due");
            let report = json!({"revoked": 2, "leasesExpired": 1, "failed": 0, "unfinished": true});
            let busy = json!({"operation": "sweep", "report": report});
            let counts = "1 leases expired, 2 revoked, unfinished";
            assert_eq!(of_invocation(&busy), format!("sweep  {counts}"));
        }
    }
}
