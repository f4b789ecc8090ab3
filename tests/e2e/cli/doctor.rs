//! `acs-broker doctor` on a local stack, with faults planted.

use std::collections::BTreeMap;
use std::io::Write as _;

use acs_broker_harness::cli::{CliOutput, CliRunner};
use acs_broker_harness::process::{run, workspace_binary};
use acs_broker_harness::stack::{StackProcess, now};
use http::Method;
use serde_json::{Value, json};

/// Each check with its state and what it found.
fn checks(output: &CliOutput) -> BTreeMap<String, (String, String)> {
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = output.json["checks"].as_array().unwrap_or_else(|| panic!("{}", output.text));
    checks
        .iter()
        .map(|check| (text(check, "id"), (text(check, "state"), text(check, "found"))))
        .collect()
}

/// Runs doctor with a token at standard input.
async fn doctor_with_token(operator: &CliRunner, token: &str) -> CliOutput {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "Bearer {token}").unwrap();
    operator.run(&format!("doctor --token {}", file.path().display())).await
}

/// A stack that works has no failure, and a good token is judged by what it is worth.
#[tokio::test]
async fn healthy_stack_passes() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    let session = stack.sign_in_at("alice", now() - 5).await;
    let output = doctor_with_token(&operator, &session.0).await;
    assert_eq!(output.exit, 0, "{}", output.text);
    let checks = checks(&output);
    for id in ["local.stack", "acs.key", "acs.endpoint", "acs.retirement", "idp.discovery"] {
        assert_eq!(checks[id].0, "ok", "{id}: {}", output.text);
    }
    for id in ["idp.token", "api.call", "api.cors", "api.health", "aws.table", "work.pending"] {
        assert_eq!(checks[id].0, "ok", "{id}: {}", output.text);
    }
    assert!(checks["idp.token"].1.contains("user alice"), "{}", output.text);
    assert!(!output.text.contains("accesskey") && !output.text.contains("eyJ"), "{}", output.text);

    let probe = operator.run("doctor --only acs --write-probe").await;
    assert_eq!(probe.exit, 0, "{}", probe.text);
    let live = stack.acs().live_identities().await;
    assert_eq!(live.len(), 1, "the probe's identity is deleted, alice's is not: {live:?}");
}

/// A key that was regenerated in the portal is told apart from an outage.
#[tokio::test]
async fn regenerated_key_fails() {
    let stack = StackProcess::start().await;
    stack.acs().regenerate_key("primary").await;
    let output = CliRunner::of(&stack).run("doctor --only acs").await;
    assert_eq!(output.exit, 1, "{}", output.text);
    let (state, found) = &checks(&output)["acs.key"];
    assert_eq!(state, "fail", "{}", output.text);
    assert!(found.contains("ACS refuses the key"), "{found}");
}

/// An outage of ACS is not blamed on the key.
#[tokio::test]
async fn outage_of_acs_fails() {
    let stack = StackProcess::start().await;
    stack
        .acs()
        .add_fault(json!({"operation": "any", "effect": {"status": 503, "body": "html"}}))
        .await;
    let output = CliRunner::of(&stack).run("doctor --only acs").await;
    assert_eq!(output.exit, 1, "{}", output.text);
    let (state, found) = &checks(&output)["acs.key"];
    assert_eq!(state, "fail", "{}", output.text);
    assert!(!found.contains("refuses the key"), "{found}");
}

/// The mistakes that people make with tokens are told in words.
#[tokio::test]
async fn wrong_tokens_are_told_apart() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    for (claims, words) in [
        (json!({"token_use": "id"}), "it is an ID token"),
        (json!({"aud": "another-api"}), "aud is another-api"),
        (json!({"exp": now() - 60}), "it expired"),
        (json!({"iss": format!("{}/", stack.gateway())}), "slash at the end"),
    ] {
        let sign_in = json!({"subject": "alice", "claims": claims});
        let session = stack.sign_in_with(sign_in).await;
        let output = doctor_with_token(&operator, &session.0).await;
        assert_eq!(output.exit, 1, "{claims}: {}", output.text);
        let checks = checks(&output);
        assert_eq!(checks["idp.token"].0, "fail", "{claims}: {}", output.text);
        assert!(checks["idp.token"].1.contains(words), "{claims}: {}", output.text);
        assert_eq!(checks["api.call"].0, "fail", "{claims}: {}", output.text);
    }
}

/// A session that was revoked is told apart from a wrong token: the API says why.
#[tokio::test]
async fn revoked_session_is_told_by_the_api() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    let session = stack.sign_in_at("alice", now() - 100).await;
    stack.acs_token(&session).await;
    assert_eq!(operator.run("revoke alice").await.exit, 0);
    let output = doctor_with_token(&operator, &session.0).await;
    let checks = checks(&output);
    assert_eq!(checks["idp.token"].0, "ok", "{}", output.text);
    assert!(checks["api.call"].1.contains("sign_in_again"), "{}", output.text);
}

/// A local stack that does not run is one failure with the command that starts it.
#[tokio::test]
async fn missing_stack_names_the_command() {
    let stack = StackProcess::start().await;
    let operator = CliRunner::of(&stack);
    stack.kill().await;
    let output = operator.run("doctor").await;
    assert_eq!(output.exit, 1, "{}", output.text);
    assert_eq!(output.json["checks"].as_array().unwrap().len(), 1, "{}", output.text);
    assert_eq!(output.json["checks"][0]["remedy"], "Start one: make run");
}

/// An issuer that nobody reaches, or that calls itself differently, is the provider's check.
#[tokio::test]
async fn unreachable_issuer_fails() {
    let stack = StackProcess::start().await;
    // Settings of the real stack, except for the issuer.
    let settings = stack.send(stack.request(Method::GET, "/dev/settings")).await.json();
    for (issuer, words) in [
        ("http://127.0.0.1:1".to_owned(), "127.0.0.1:1/.well-known"),
        (format!("{}/", stack.gateway()), "the stack's has a slash at the end"),
    ] {
        let mut settings = settings.clone();
        settings["issuer"] = json!(issuer);
        let url = serve_once_a_request(settings.to_string()).await;
        let mut command = workspace_binary("acs-broker");
        command.args([&format!("--local={url}"), "--json", "doctor", "--only", "idp"]);
        let output = run(&mut command, "").await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let output = CliOutput { exit: 1, text: json.to_string(), json };
        let (state, found) = &checks(&output)["idp.discovery"];
        assert_eq!(state, "fail", "{}", output.text);
        assert!(found.contains(words), "{found}");
    }
}

/// Responds to each request with the same document, and returns the address.
async fn serve_once_a_request(body: String) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = connection.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    url
}

/// People read a line a check, without colours where there is no terminal.
#[tokio::test]
async fn people_read_a_line_a_check() {
    let stack = StackProcess::start().await;
    let mut command = workspace_binary("acs-broker");
    command.args([&format!("--local={}", stack.gateway()), "doctor"]);
    let output = run(&mut command, "").await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nok    acs.key "), "{text}");
    assert!(text.contains("\nskip  idp.token "), "{text}");
    assert!(text.trim_end().ends_with(" skipped"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}
