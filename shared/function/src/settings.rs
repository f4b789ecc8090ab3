mod reader;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use identity_client::{ApiVersion, ConnectionString};
use thiserror::Error;
use token_broker::ScopePolicy;
use url::Url;
use user_table::dynamo::{Access, Credentials};

use self::reader::Reader;
use crate::log::chain;

/// Everything the environment tells a function, read once at its start.
///
/// | setting | what for | unless set |
/// | --- | --- | --- |
/// | `ACS_CONNECTION_STRING` | the ACS resource and its key | required |
/// | `TABLE_NAME` | the DynamoDB table of users | required |
/// | `SCOPE_POLICY` | who gets which scopes for how long, JSON | required |
/// | `USER_HASH_KEY` | at least 16 characters; turns users into hashes in logs | required |
/// | `SIGN_IN_CLAIM` | `auth_time` where the token has it, else `iat` (`auth_time_or_iat`); or only `auth_time`; or only `iat` | `auth_time_or_iat` |
/// | `OPERATOR_SCOPE` | the scope that makes a caller an operator; the gateway's routes must ask for the same | `acs.admin` |
/// | `TOMBSTONE_DAYS` | how long a deleted user's mark is kept; longer than any session lives | `400` |
/// | `ACS_API_VERSION` | a GA version of the ACS Identity API | `2023-10-01` |
/// | `ACS_ALLOW_HTTP` | `true` allows a plain http endpoint, for an emulator | `false` |
/// | `EXTRA_CA_FILE` | PEM file of further certificate authorities to trust | none |
/// | `METRICS_NAMESPACE` | the CloudWatch namespace | `AcsTokenBroker` |
///
/// Lambda itself sets `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`
/// and `AWS_SESSION_TOKEN`. `AWS_ENDPOINT_URL_DYNAMODB`, else `AWS_ENDPOINT_URL`, points at another
/// DynamoDB.
pub struct Settings {
    pub(crate) acs: ConnectionString,
    pub(crate) acs_api_version: ApiVersion,
    pub(crate) extra_ca_file: Option<PathBuf>,
    pub(crate) table_name: String,
    pub(crate) table_access: Access,
    pub(crate) scope_policy: ScopePolicy,
    pub(crate) sign_in_claim: SignInClaim,
    pub(crate) operator_scope: String,
    pub(crate) tombstone_retention: Duration,
    pub(crate) user_hash_key: UserHashKey,
    pub(crate) metrics_namespace: String,
}

/// Which claim says when the caller signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInClaim {
    /// `auth_time` (`OpenID` Connect Core 1.0, section 2) where it is there, else `iat`.
    AuthTimeOrIat,
    AuthTime,
    Iat,
}

/// The key under which users appear in logs.
#[derive(Clone)]
pub(crate) struct UserHashKey(String);

/// Every setting that is missing or wrong, each with its rule.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("settings: {}", .0.join("; "))]
pub struct SettingsError(Vec<String>);

const SHORTEST_HASH_KEY: usize = 16;
const SECONDS_PER_DAY: u64 = 86_400;

impl Settings {
    /// Reads the settings through `lookup`, the environment in production.
    ///
    /// # Errors
    /// All settings that are missing or wrong, at once. No value of a secret is in the text.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(lookup);
        let settings = Self::collect(&mut reader);
        let wrong = reader.into_wrong();
        settings.filter(|_| wrong.is_empty()).ok_or(SettingsError(wrong))
    }

    fn collect(reader: &mut Reader<'_>) -> Option<Self> {
        let allow_http = reader.optional("ACS_ALLOW_HTTP", "false", boolean);
        let connection = |text: &str| {
            let parsed = match allow_http {
                Some(true) => ConnectionString::parse_insecure(text),
                _ => text.parse(),
            };
            parsed.map_err(|error| chain(&error))
        };
        // Each is read before any is missed, so that all that is wrong is told at once.
        let acs = reader.required("ACS_CONNECTION_STRING", connection);
        let acs_api_version = reader.optional("ACS_API_VERSION", "2023-10-01", parsed);
        let extra_ca_file = reader.set("EXTRA_CA_FILE").map(PathBuf::from);
        let table_name = reader.required("TABLE_NAME", text);
        let region = reader.required("AWS_REGION", text);
        let key_id = reader.required("AWS_ACCESS_KEY_ID", text);
        let secret = reader.required("AWS_SECRET_ACCESS_KEY", text);
        let session_token = reader.set("AWS_SESSION_TOKEN");
        let endpoint_url = reader
            .checked("AWS_ENDPOINT_URL_DYNAMODB", url)
            .or_else(|| reader.checked("AWS_ENDPOINT_URL", url));
        let scope_policy = reader.required("SCOPE_POLICY", parsed);
        let sign_in_claim = reader.optional("SIGN_IN_CLAIM", "auth_time_or_iat", str::parse);
        let operator_scope = reader.optional("OPERATOR_SCOPE", "acs.admin", text);
        let tombstone_retention = reader.optional("TOMBSTONE_DAYS", "400", days);
        let user_hash_key = reader.required("USER_HASH_KEY", str::parse);
        let metrics_namespace = reader.optional("METRICS_NAMESPACE", "AcsTokenBroker", text);
        let credentials = Credentials::new(key_id?, secret?, session_token, None, "environment");
        let table_access = Access { region: region?, credentials, endpoint_url };
        Some(Self {
            acs: acs?,
            acs_api_version: acs_api_version?,
            extra_ca_file,
            table_name: table_name?,
            table_access,
            scope_policy: scope_policy?,
            sign_in_claim: sign_in_claim?,
            operator_scope: operator_scope?,
            tombstone_retention: tombstone_retention?,
            user_hash_key: user_hash_key?,
            metrics_namespace: metrics_namespace?,
        })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a parser")]
fn text(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

fn parsed<T: FromStr<Err: Error + 'static>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| chain(&error))
}

fn url(value: &str) -> Result<String, String> {
    parsed::<Url>(value).map(String::from).map_err(|why| format!("must be a URL: {why}"))
}

fn boolean(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "must be `true` or `false`".to_owned())
}

fn days(value: &str) -> Result<Duration, String> {
    let days = value.parse::<u32>().ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days| Duration::from_secs(u64::from(days) * SECONDS_PER_DAY))
        .ok_or_else(|| "must be a whole number of days from 1 to 36500".to_owned())
}

impl FromStr for SignInClaim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auth_time_or_iat" => Ok(Self::AuthTimeOrIat),
            "auth_time" => Ok(Self::AuthTime),
            "iat" => Ok(Self::Iat),
            _ => Err("must be `auth_time_or_iat`, `auth_time` or `iat`".to_owned()),
        }
    }
}

impl UserHashKey {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for UserHashKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.chars().count() < SHORTEST_HASH_KEY {
            return Err(format!("must have at least {SHORTEST_HASH_KEY} characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Hidden: with the key, hashes in logs can be tried against known users.
impl fmt::Debug for UserHashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserHashKey(..)")
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
        ("USER_HASH_KEY", "hash-key-canary-0123"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "aws-secret-canary"),
    ];

    pub(crate) fn read(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let values: HashMap<_, _> = COMPLETE.iter().chain(changes).copied().collect();
        Settings::read(&|name| values.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn a_function_without_settings_names_all_of_them_at_once() {
        let error = Settings::read(&|_| None).unwrap_err().to_string();
        for (name, _) in COMPLETE {
            assert!(error.contains(&format!("{name} is missing")), "{name}: {error}");
        }
    }

    #[test]
    fn wrong_settings_are_named_with_their_rule_and_never_with_a_secret() {
        let error = read(&[
            (
                "ACS_CONNECTION_STRING",
                "endpoint=http://contoso.example/;accesskey=c2VjcmV0LWNhbmFyeQ==",
            ),
            ("ACS_ALLOW_HTTP", "yes"),
            ("SCOPE_POLICY", r#"{"scopes": ["pstn"]}"#),
            ("SIGN_IN_CLAIM", "nbf"),
            ("TOMBSTONE_DAYS", "0"),
            ("USER_HASH_KEY", "short-canary"),
            ("AWS_ENDPOINT_URL", "::"),
            ("ACS_API_VERSION", "2020-07-20-preview2"),
        ])
        .unwrap_err()
        .to_string();
        for rule in [
            "ACS_CONNECTION_STRING the connection string's endpoint is wrong: \
             the endpoint must begin with https://",
            "ACS_ALLOW_HTTP must be `true` or `false`",
            "SCOPE_POLICY is not the JSON of a scope policy: unknown variant",
            "SIGN_IN_CLAIM must be `auth_time_or_iat`, `auth_time` or `iat`",
            "TOMBSTONE_DAYS must be a whole number of days from 1 to 36500",
            "USER_HASH_KEY must have at least 16 characters",
            "AWS_ENDPOINT_URL must be a URL: relative URL without a base",
            "ACS_API_VERSION the API version must be a date from 2021-03-07 on",
        ] {
            assert!(error.contains(rule), "{rule}: {error}");
        }
        assert!(!error.contains("canary") && !error.contains("c2Vj"), "{error}");
    }

    #[test]
    fn plain_http_needs_its_own_consent() {
        let plain = ("ACS_CONNECTION_STRING", "endpoint=http://127.0.0.1:1/;accesskey=c2VjcmV0");
        assert!(read(&[plain]).is_err());
        assert!(read(&[plain, ("ACS_ALLOW_HTTP", "true")]).is_ok());
    }

    #[test]
    fn settings_do_not_show_their_secrets() {
        let text = format!("{:?}", read(&[]).unwrap());
        assert!(!text.contains("canary") && !text.contains("c2Vj"), "{text}");
    }
}
