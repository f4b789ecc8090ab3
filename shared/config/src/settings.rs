//! Every setting of a function.

use std::fmt;
use std::sync::Arc;

use acs_broker_aws::Access;
use acs_broker_core::{BrokerSettings, ScopePolicy};
use acs_broker_http::HttpClient;
use acs_broker_identity_events::Sources;
use identity_client::ApiVersion;

use crate::acs::{AcsResource, AcsSettings};
use crate::aws::Aws;
use crate::error_chain::error_chain;
use crate::events;
use crate::reader::{Environment, Reader};
use crate::secret::Secret;
use crate::settings_error::SettingsError;
use crate::user_hash::UserHashKey;
use crate::values::{
    SignInClaim, boolean, max_tokens, namespace, parsed, scope, sign_in_claim, subject_claim, text,
    tombstone_retention,
};

/// The settings of a function, read once at its start.
///
/// | setting | what for | unless set |
/// | --- | --- | --- |
/// | `ACS_CONNECTION_STRING` | the ACS resource and its primary key | required |
/// | `TABLE_NAME` | the DynamoDB table of users | required |
/// | `SCOPE_POLICY` | who gets which scopes for how long, JSON | required |
/// | `USER_HASH_KEY` | at least 32 characters; turns users into hashes in logs | required |
/// | `SECRET_ARN` | a secret of AWS Secrets Manager, the JSON of an object with `ACS_CONNECTION_STRING`, `ACS_SECONDARY_CONNECTION_STRING` and `USER_HASH_KEY`, as far as they are not in the environment | none |
/// | `ACS_SECONDARY_CONNECTION_STRING` | the same resource and its secondary key | none |
/// | `ACS_KEY_IN_USE` | the key that signs first, `primary` or `secondary`; when ACS refuses it, the other one signs | `primary` |
/// | `SUBJECT_CLAIM` | the claim that names the user; in Okta's access tokens `uid`, as their `sub` is the login | `sub` |
/// | `SIGN_IN_CLAIM` | the claim that says when the user signed in, in seconds or as an RFC 3339 instant; or `auth_time` where the token has it, else `iat` (`auth_time_or_iat`) | `auth_time_or_iat` |
/// | `OPERATOR_SCOPE` | the scope that makes a caller an operator; the gateway's routes must ask for the same | `acs.admin` |
/// | `TOMBSTONE_DAYS` | how long a deleted user's mark is kept, and how old a session may be | `400` |
/// | `MAX_TOKENS_PER_MINUTE` | how many tokens one function instance mints for one user in a minute, 1 to 1000; more are refused with 429 | `20` |
/// | `EVENT_ISSUER` | the issuer (`iss`) of the users that identity events speak of; needs one of the sources below | no events |
/// | `COGNITO_USER_POOL_ID` | a user pool whose events count; the issuer is then the pool's | none |
/// | `COGNITO_ACCOUNT_ID` | the AWS account of the user pool, 12 digits; the pool needs it | none |
/// | `COGNITO_IGNORED_ROLES` | ARNs of roles, with commas between them, whose calls to Cognito revoke nothing | none |
/// | `AUTH0_EVENT_SOURCE` | the `source` of an Auth0 tenant's streams, of logs and of events, `aws.partner/auth0.com/…`, with a comma between | none |
/// | `OKTA_EVENT_SOURCE` | the `source` of an Okta organization's events, `aws.partner/okta.com/…` | none |
/// | `OKTA_SUBJECT` | what names the user in Okta's events as `SUBJECT_CLAIM` does in tokens: `id` or `alternate_id`, the login | `id` |
/// | `GENERIC_EVENT_SOURCE` | the `source` of events that a backend of yours sends | none |
/// | `ACS_API_VERSION` | a GA version of the ACS Identity API | `2023-10-01` |
/// | `ACS_ALLOW_HTTP` | `true` allows a plain http endpoint, for an emulator | `false` |
/// | `SDK_READS` | `true` has the AWS SDK read the table for tokens too, to compare it with the direct read | `false` |
/// | `EXTRA_CA_FILE` | PEM file of further certificate authorities to trust | none |
/// | `METRICS_NAMESPACE` | the CloudWatch namespace | `AcsTokenBroker` |
///
/// Lambda itself sets `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`
/// and `AWS_SESSION_TOKEN`. `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL_SECRETS_MANAGER`, else
/// `AWS_ENDPOINT_URL`, point at another DynamoDB and another Secrets Manager.
pub struct Settings {
    /// The HTTP client for the AWS SDK.
    pub http: reqwest::Client,
    /// The HTTP client for what each token needs: ACS and the direct read of the table.
    pub direct_http: HttpClient,
    /// The ACS resource and its keys.
    pub acs: AcsResource,
    /// The version of the ACS Identity API.
    pub acs_api_version: ApiVersion,
    /// The DynamoDB table.
    pub table_name: String,
    /// The DynamoDB that holds it.
    pub dynamodb: Access,
    /// Whether the AWS SDK reads the table for tokens too.
    pub sdk_reads: bool,
    /// Which scopes and which lifetime a user gets.
    pub scope_policy: ScopePolicy,
    /// The claim that names the user.
    pub subject_claim: String,
    /// The claim that says when the user signed in.
    pub sign_in_claim: SignInClaim,
    /// The scope that makes a caller an operator.
    pub operator_scope: String,
    /// How long a user without an identity is remembered, and how many tokens a user gets.
    pub broker: BrokerSettings,
    /// The sources whose identity events count; `None` where no queue is to be consumed.
    pub event_sources: Option<Sources>,
    /// The key under which users appear in logs.
    pub user_hash_key: UserHashKey,
    /// The CloudWatch namespace.
    pub metrics_namespace: String,
}

impl Settings {
    /// Reads the settings through `lookup`. It reads no secret: `SECRET_ARN` does not count.
    ///
    /// # Errors
    /// All settings that are missing or wrong, at once. No value of a secret is in the text.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(lookup);
        let aws = Aws::read(&mut reader);
        Self::collect(reader, aws, None)
    }

    /// Reads the settings of the environment and of the secret that it names.
    ///
    /// # Errors
    /// As for [`Settings::read`].
    pub async fn read_with_secret(environment: Environment) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(&*environment);
        let aws = Aws::read(&mut reader);
        let Some(id) = reader.text("SECRET_ARN") else {
            return Self::collect(reader, aws, None);
        };
        reader.expect_secret();
        let secret = aws
            .as_ref()
            .filter(|_| reader.is_valid())
            .map(|aws| Secret::new(id, aws.secrets_manager.clone(), aws.http.sdk.clone()));
        if let Some(secret) = &secret {
            match secret.read().await {
                Ok(settings) => reader.add(settings),
                Err(error) => reader.refuse("SECRET_ARN", &error_chain(&error)),
            }
        }
        Self::collect(reader, aws, secret.map(|secret| (secret, Arc::clone(&environment))))
    }

    fn collect(
        mut reader: Reader<'_>,
        aws: Option<Aws>,
        secret: Option<(Secret, Environment)>,
    ) -> Result<Self, SettingsError> {
        let read = Self::read_all(&mut reader, aws, secret);
        reader.finish(read)
    }

    fn read_all(
        reader: &mut Reader<'_>,
        aws: Option<Aws>,
        secret: Option<(Secret, Environment)>,
    ) -> Option<Self> {
        // Each is read before any counts as missing, so that all that is wrong is named at once.
        let acs = AcsSettings::read(reader);
        let acs_api_version = reader.with_default("ACS_API_VERSION", "2023-10-01", parsed);
        let table_name = reader.required("TABLE_NAME", text);
        let sdk_reads = reader.with_default("SDK_READS", "false", boolean);
        let scope_policy = reader.required("SCOPE_POLICY", parsed);
        let subject_claim = reader.with_default("SUBJECT_CLAIM", "sub", subject_claim);
        let sign_in_claim = reader.with_default("SIGN_IN_CLAIM", "auth_time_or_iat", sign_in_claim);
        let operator_scope = reader.with_default("OPERATOR_SCOPE", "acs.admin", scope);
        let tombstone_retention = reader.with_default("TOMBSTONE_DAYS", "400", tombstone_retention);
        let max_mints = reader.with_default("MAX_TOKENS_PER_MINUTE", "20", max_tokens);
        let event_sources = events::read(reader);
        let user_hash_key = reader.required("USER_HASH_KEY", str::parse);
        let metrics_namespace =
            reader.with_default("METRICS_NAMESPACE", "AcsTokenBroker", namespace);
        let aws = aws?;
        Some(Self {
            http: aws.http.sdk,
            direct_http: aws.http.direct,
            acs: acs?.into_resource(secret),
            dynamodb: aws.dynamodb,
            acs_api_version: acs_api_version?,
            table_name: table_name?,
            sdk_reads: sdk_reads?,
            scope_policy: scope_policy?,
            subject_claim: subject_claim?,
            sign_in_claim: sign_in_claim?,
            operator_scope: operator_scope?,
            broker: BrokerSettings {
                max_mints_per_minute: max_mints?,
                ..BrokerSettings::new(tombstone_retention?)
            },
            event_sources,
            user_hash_key: user_hash_key?,
            metrics_namespace: metrics_namespace?,
        })
    }
}

/// Hidden, for the secrets in it.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("table_name", &self.table_name).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use super::*;

    pub(crate) const COMPLETE: [(&str, &str); 7] = [
        (
            "ACS_CONNECTION_STRING",
            "endpoint=https://contoso.example/;accesskey=c2VjcmV0LWNhbmFyeQ==",
        ),
        ("TABLE_NAME", "users"),
        ("SCOPE_POLICY", r#"{"scopes": ["chat", "voip"]}"#),
        ("USER_HASH_KEY", "hash-key-canary-0123456789abcdef"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "aws-secret-canary"),
    ];

    pub(crate) fn read(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let values: HashMap<_, _> = COMPLETE.iter().chain(changes).copied().collect();
        Settings::read(&|name| values.get(name).map(|value| (*value).to_owned()))
    }

    /// A deployer who corrects one setting after the other loses an hour.
    #[test]
    fn missing_ones_are_named_at_once() {
        let error = Settings::read(&|_| None).unwrap_err().to_string();
        for (name, _) in COMPLETE {
            assert!(error.contains(&format!("{name} is missing")), "{name}: {error}");
        }
    }

    /// A wrong setting is named with its rule, and never with a secret.
    #[test]
    fn wrong_ones_are_named_with_rule() {
        let error = read(&[
            (
                "ACS_CONNECTION_STRING",
                "endpoint=http://contoso.example/;accesskey=c2VjcmV0LWNhbmFyeQ==",
            ),
            ("ACS_ALLOW_HTTP", "yes"),
            ("SCOPE_POLICY", r#"{"scopes": ["pstn"]}"#),
            ("SUBJECT_CLAIM", "user name"),
            ("SIGN_IN_CLAIM", "signed in"),
            ("TOMBSTONE_DAYS", "0"),
            ("USER_HASH_KEY", "short-canary"),
            ("AWS_ENDPOINT_URL", "::"),
            ("EXTRA_CA_FILE", "/nowhere/ca.pem"),
            ("ACS_API_VERSION", "2020-07-20-preview2"),
        ])
        .unwrap_err()
        .to_string();
        for rule in [
            "ACS_CONNECTION_STRING the connection string's endpoint is wrong: \
             the endpoint must begin with https://",
            "ACS_ALLOW_HTTP must be `true` or `false`",
            "SCOPE_POLICY is not the JSON of a scope policy: unknown variant",
            "SUBJECT_CLAIM must be the name of a claim: 1 to 64 characters without white space",
            "SIGN_IN_CLAIM must be the name of a claim: 1 to 64 characters without white space",
            "TOMBSTONE_DAYS must be a whole number of days from 1 to 36500",
            "USER_HASH_KEY must have at least 32 characters",
            "AWS_ENDPOINT_URL must be a URL: relative URL without a base",
            "EXTRA_CA_FILE cannot be read: ",
            "ACS_API_VERSION the API version must be a date from 2021-03-07 on",
        ] {
            assert!(error.contains(rule), "{rule}: {error}");
        }
        assert!(!error.contains("canary") && !error.contains("c2Vj"), "{error}");
    }

    /// A setting with which all users would be one, nobody an operator, or no metric be kept, stops
    /// the start.
    #[test]
    fn unworkable_ones_are_named_with_rule() {
        let long = "n".repeat(256);
        for (name, value, rule) in [
            (
                "SUBJECT_CLAIM",
                "iss",
                "must be a claim that names one user; `iss` is the same for many",
            ),
            ("SUBJECT_CLAIM", "client_id", "must be a claim that names one user"),
            ("OPERATOR_SCOPE", "acs admin", "must be one OAuth scope"),
            ("OPERATOR_SCOPE", "acs\u{a0}admin", "must be one OAuth scope"),
            ("METRICS_NAMESPACE", "AWS/Lambda", "must be a namespace of CloudWatch"),
            ("METRICS_NAMESPACE", &long, "must be a namespace of CloudWatch"),
            (
                "USER_HASH_KEY",
                "                                 ",
                "must have at least 32 characters",
            ),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(&format!("{name} {rule}")), "{error}");
        }
    }

    /// Keys must not travel over plain http by mistake.
    #[test]
    fn plain_http_needs_consent() {
        let plain = ("ACS_CONNECTION_STRING", "endpoint=http://127.0.0.1:1/;accesskey=c2VjcmV0");
        assert!(read(&[plain]).is_err());
        assert!(read(&[plain, ("ACS_ALLOW_HTTP", "true")]).is_ok());
    }

    /// A log line must not show a key.
    #[test]
    fn debug_hides_secrets() {
        let text = format!("{:?}", read(&[]).unwrap());
        assert!(!text.contains("canary") && !text.contains("c2Vj"), "{text}");
    }
}
