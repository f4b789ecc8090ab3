//! The pages of `docs/reference` are made from code, contract and help texts. `make docs` writes
//! them; this test fails where one is not current.

use std::fmt::Write as _;
use std::fs;

use acs_broker_harness::process::{run, workspace_binary};
use acs_broker_harness::tools;
use acs_broker_lambda::{Field, Metric};
use serde_json::Value;

/// A page that is not current would tell developers and operators what was true once.
#[tokio::test]
async fn pages_are_current() {
    let pages = [
        ("settings", settings()),
        ("errors", errors()),
        ("metrics-and-logs", metrics_and_logs()),
        ("cli", cli().await),
    ];
    for (name, page) in pages {
        let path = tools::repository().join("docs/reference").join(name).with_extension("md");
        if is_updating() {
            fs::write(&path, &page).unwrap();
        }
        let current = fs::read_to_string(&path).unwrap_or_default();
        assert!(current == page, "docs/reference/{name}.md is not current: run `make docs`");
    }
}

#[expect(clippy::disallowed_methods, reason = "`make docs` asks this way")]
fn is_updating() -> bool {
    std::env::var_os("UPDATE_REFERENCE").is_some()
}

fn settings() -> String {
    let source = read("shared/config/src/settings.rs");
    let rows = source.lines().filter_map(|line| line.strip_prefix("/// "));
    let rows: Vec<_> = rows.filter(|line| line.starts_with("| ")).collect();
    format!(
        "# Settings

This page is for people who deploy: each setting of the functions. It is made from
`shared/config/src/settings.rs`.

A function reads its settings once, at its start: from the environment, and from the secret that
`SECRET_ARN` names. If any are missing or wrong it does not start, and its log names all of them.
When ACS refuses both keys, a running function reads the secret again, at most once a minute.

{}

Lambda itself sets `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
`AWS_SESSION_TOKEN`. `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL_SECRETS_MANAGER`, else
`AWS_ENDPOINT_URL`, name another DynamoDB and another Secrets Manager.

## The scope policy

In a `SCOPE_POLICY` the first rule that matches decides. A rule requires that a claim `equals` a
text, or that a list claim `includes` it. Where no rule matches, the policy's own scopes and
lifetime count. A lifetime that is absent is 60 minutes.

```json
{{
  \"scopes\": [\"chat.join\", \"voip.join\"],
  \"rules\": [
    {{ \"claim\": \"groups\", \"includes\": \"agents\", \"scopes\": [\"chat\", \"voip\"], \"expiresInMinutes\": 480 }}
  ]
}}
```

Read next: [errors](errors.md).
",
        rows.join("\n")
    )
}

fn errors() -> String {
    let contract: Value = serde_saphyr::from_str(&read("infra/aws/openapi.yaml")).unwrap();
    let codes = &contract["components"]["schemas"]["ProblemCode"];
    let mut rows = Vec::new();
    for code in codes["enum"].as_array().unwrap() {
        let code = code.as_str().unwrap();
        let action = codes["x-client-action"][code].as_str().expect(code);
        for status in statuses(&contract, code) {
            rows.push(format!("| {status} | `{code}` | {action} |"));
        }
    }
    rows.sort();
    format!(
        "# Errors

This page is for people who write the app: each error code, and what a client does about it. It is
made from `infra/aws/openapi.yaml`.

An error is `application/problem+json` (RFC 9457). Decide by `code`; `detail` names the field and
the rule it broke.

| status | code | what a client should do |
| --- | --- | --- |
{}

The gateway itself responds with `{{\"message\": …}}` and without a code: `401` where the JWT is
missing or does not verify, `403` where the operator's scope is missing, `404` for any other URL,
`400` and `413` for a request it cannot read or that is over 10 MB, `429` without `Retry-After`
where it throttles, `500` where a function fails. An HTTP API takes at most 10,240 bytes of request
line and headers.

Read next: [metrics and logs](metrics-and-logs.md).
",
        rows.join("\n")
    )
}

/// The statuses of the responses whose description names a code.
fn statuses(contract: &Value, code: &str) -> Vec<String> {
    let paths = contract["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let responses = operations.flat_map(|operation| operation["responses"].as_object().unwrap());
    let mut statuses: Vec<_> = responses
        .filter(|(_, response)| {
            let reference = response["$ref"].as_str().unwrap_or_default();
            let response = contract.pointer(reference.trim_start_matches('#')).unwrap();
            let text = response["description"].as_str().unwrap_or_default();
            text.contains(&format!("`{code}`"))
        })
        .map(|(status, _)| status.clone())
        .collect();
    statuses.sort();
    statuses.dedup();
    statuses
}

fn metrics_and_logs() -> String {
    let mut page = "# Metrics and logs

This page is for operators: each metric and each field of the functions' log. It is made from
`shared/lambda/src/telemetry`.

Each invocation, and each message of a batch, writes one line of JSON. The line is a metric at the
same time, in CloudWatch's embedded metric format: namespace `METRICS_NAMESPACE`, one dimension,
`operation`.

## Metrics

| metric | unit | meaning |
| --- | --- | --- |
"
    .to_owned();
    for metric in Metric::ALL {
        let (name, unit, meaning) = (metric.name(), metric.unit().unwrap_or("–"), metric.meaning());
        let _ = writeln!(page, "| `{name}` | {unit} | {meaning} |");
    }
    page += "
## Log fields

| field | content |
| --- | --- |
";
    for field in Field::ALL {
        let _ = writeln!(page, "| `{}` | {} |", field.name(), field.meaning());
    }
    page += "
A user is 16 digits of HMAC-SHA256 under `USER_HASH_KEY`. No line holds a token, a key or a subject.

Read next: [the command line](cli.md).
";
    page
}

async fn cli() -> String {
    let mut page = "# acs-broker

This page is for operators: each command with its help text. It is made from the commands
themselves.
"
    .to_owned();
    for command in [
        "",
        "list",
        "search",
        "whois",
        "show",
        "revoke",
        "suspend",
        "unsuspend",
        "delete",
        "revoke-all",
        "dead-letters list",
        "dead-letters replay",
        "orphans",
        "doctor",
        "export",
        "import",
        "completions",
        "man",
    ] {
        let mut help = workspace_binary("acs-broker");
        help.args(command.split_whitespace()).arg("--help").env("COLUMNS", "96");
        let output = run(&mut help, "").await;
        let text = String::from_utf8(output.stdout).unwrap();
        let title = format!("acs-broker {command}");
        let lines: Vec<_> = text.trim_end().lines().map(str::trim_end).collect();
        let _ = write!(page, "\n## {}\n\n```text\n{}\n```\n", title.trim_end(), lines.join("\n"));
    }
    page += "\nRead next: [operate](../operate.md).\n";
    page
}

fn read(path: &str) -> String {
    fs::read_to_string(tools::repository().join(path)).unwrap()
}
