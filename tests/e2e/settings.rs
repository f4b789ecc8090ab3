//! Functions whose deployment is wrong: they do not start, and say everything that is wrong.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use acs_broker_harness::lambda::{FUNCTIONS, Settings, function};
use acs_broker_harness::process::run;

const REQUIRED: [&str; 7] = [
    "ACS_CONNECTION_STRING",
    "AWS_ACCESS_KEY_ID",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "SCOPE_POLICY",
    "TABLE_NAME",
    "USER_HASH_KEY",
];

#[tokio::test]
async fn a_function_without_settings_names_all_of_them_at_once_to_the_operator() {
    for name in FUNCTIONS {
        let said = refusal(name, &[]).await;
        for setting in REQUIRED {
            let missed = said.matches(&format!("{setting} is missing")).count();
            assert_eq!(missed, 1, "{name} {setting}: {said}");
        }
    }
}

#[tokio::test]
async fn a_function_with_wrong_settings_names_each_with_its_rule_and_shows_no_secret() {
    let wrong = [
        ("ACS_CONNECTION_STRING", "endpoint=http://acs.example/;accesskey=Y2FuYXJ5LWtleQ=="),
        ("ACS_ALLOW_HTTP", "canary"),
        ("ACS_API_VERSION", "2020-07-20-preview2"),
        ("AWS_ACCESS_KEY_ID", "canary-id"),
        ("AWS_ENDPOINT_URL", "canary"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
        ("AWS_SESSION_TOKEN", "canary-session"),
        ("GENERIC_EVENT_SOURCE", "aws.canary"),
        ("SCOPE_POLICY", r#"{"scopes": ["pstn"]}"#),
        ("SIGN_IN_CLAIM", "nbf"),
        ("SUBJECT_CLAIM", "canary with spaces"),
        ("TABLE_NAME", "users"),
        ("TOMBSTONE_DAYS", "0"),
        ("USER_HASH_KEY", "canary-short"),
    ];
    for name in FUNCTIONS {
        let said = refusal(name, &wrong).await;
        for rule in [
            "ACS_CONNECTION_STRING the connection string's endpoint is wrong: \
             the endpoint must begin with https://",
            "ACS_ALLOW_HTTP must be `true` or `false`",
            "ACS_API_VERSION the API version must be a date from 2021-03-07 on",
            "AWS_ENDPOINT_URL must be a URL",
            "EVENT_ISSUER is missing",
            "SCOPE_POLICY is not the JSON of a scope policy: unknown variant `pstn`",
            "SIGN_IN_CLAIM must be `auth_time_or_iat`, `auth_time` or `iat`",
            "SUBJECT_CLAIM must be the name of a claim",
            "TOMBSTONE_DAYS must be a whole number of days from 1 to 36500",
            "USER_HASH_KEY must have at least 16 characters",
        ] {
            assert!(said.contains(rule), "{name} {rule}: {said}");
        }
        assert!(!said.contains("canary") && !said.contains("Y2FuYXJ5"), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_function_whose_certificates_cannot_be_read_says_which_setting_to_look_at() {
    let settings = [
        ("ACS_CONNECTION_STRING", "endpoint=https://acs.example/;accesskey=Y2FuYXJ5LWtleQ=="),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
        ("EXTRA_CA_FILE", "/nowhere/ca.pem"),
        ("SCOPE_POLICY", r#"{"scopes": ["chat"]}"#),
        ("TABLE_NAME", "users"),
        ("USER_HASH_KEY", "canary of 16 and more"),
    ];
    let said = refusal("issue", &settings).await;
    assert!(said.contains("EXTRA_CA_FILE") && !said.contains("canary"), "{said}");
}

#[tokio::test]
async fn a_function_without_its_secret_says_so_and_misses_nothing_that_the_secret_may_hold() {
    let settings = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
        ("SCOPE_POLICY", r#"{"scopes": ["chat"]}"#),
        ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acs"),
    ];
    for name in FUNCTIONS {
        let said = refusal(name, &settings).await;
        let why = "settings: SECRET_ARN the secret could not be read: ";
        assert!(said.contains(why) && said.contains("; TABLE_NAME is missing\""), "{name}: {said}");
        assert_eq!(said.matches("is missing").count(), 1, "{name}: {said}");
        assert!(!said.contains("canary"), "{name}: {said}");
    }
}

/// What a function says that must not start.
async fn refusal(name: &str, settings: &[(&str, &str)]) -> String {
    let settings: Settings =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let output = run(&mut function(name, &settings), "").await;
    assert!(!output.status.success(), "{name} started");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}
