//! A function with wrong settings does not start, and names each mistake.

use acs_broker_harness::lambda::{Environment, FUNCTIONS, function};
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

/// A function without settings names all that are missing at once.
#[tokio::test]
async fn all_missing_settings_are_named() {
    for name in FUNCTIONS {
        let output = start_failure(name, &[]).await;
        for setting in REQUIRED {
            let missed = output.matches(&format!("{setting} is missing")).count();
            assert_eq!(missed, 1, "{name} {setting}: {output}");
        }
    }
}

/// A function with wrong settings names each with its rule, and shows no secret.
#[tokio::test]
async fn wrong_settings_are_named_with_rule() {
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
        ("SIGN_IN_CLAIM", "signed in"),
        ("SUBJECT_CLAIM", "canary with spaces"),
        ("TABLE_NAME", "users"),
        ("TOMBSTONE_DAYS", "0"),
        ("USER_HASH_KEY", "canary-short"),
    ];
    for name in FUNCTIONS {
        let output = start_failure(name, &wrong).await;
        for rule in [
            "ACS_CONNECTION_STRING the connection string's endpoint is wrong: \
             the endpoint must begin with https://",
            "ACS_ALLOW_HTTP must be `true` or `false`",
            "ACS_API_VERSION the API version must be a date from 2021-03-07 on",
            "AWS_ENDPOINT_URL must be a URL",
            "EVENT_ISSUER is missing",
            "SCOPE_POLICY is not the JSON of a scope policy: unknown variant `pstn`",
            "SIGN_IN_CLAIM must be the name of a claim",
            "SUBJECT_CLAIM must be the name of a claim",
            "TOMBSTONE_DAYS must be a whole number of days from 1 to 36500",
            "USER_HASH_KEY must have at least 32 characters",
        ] {
            assert!(output.contains(rule), "{name} {rule}: {output}");
        }
        assert!(!output.contains("canary") && !output.contains("Y2FuYXJ5"), "{name}: {output}");
    }
}

/// A function whose certificates cannot be read names the setting to look at.
#[tokio::test]
async fn unreadable_certificates_name_their_setting() {
    let settings = [
        ("ACS_CONNECTION_STRING", "endpoint=https://acs.example/;accesskey=Y2FuYXJ5LWtleQ=="),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
        ("EXTRA_CA_FILE", "/nowhere/ca.pem"),
        ("SCOPE_POLICY", r#"{"scopes": ["chat"]}"#),
        ("TABLE_NAME", "users"),
        ("USER_HASH_KEY", "canary of 32 characters and more"),
    ];
    let output = start_failure("issue", &settings).await;
    assert!(output.contains("EXTRA_CA_FILE") && !output.contains("canary"), "{output}");
}

/// A function that cannot read its secret says so, and misses no setting that the secret may hold.
#[tokio::test]
async fn unreadable_secret_is_the_one_complaint() {
    let settings = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
        ("SCOPE_POLICY", r#"{"scopes": ["chat"]}"#),
        ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acs"),
    ];
    for name in FUNCTIONS {
        let output = start_failure(name, &settings).await;
        let why = "settings: SECRET_ARN the secret could not be read: ";
        assert!(
            output.contains(why) && output.contains("; TABLE_NAME is missing\""),
            "{name}: {output}"
        );
        assert_eq!(output.matches("is missing").count(), 1, "{name}: {output}");
        assert!(!output.contains("canary"), "{name}: {output}");
    }
}

/// Returns the output of a function that must not start.
async fn start_failure(name: &str, settings: &[(&str, &str)]) -> String {
    let settings: Environment =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let output = run(&mut function(name, &settings), "").await;
    assert!(!output.status.success(), "{name} started");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}
