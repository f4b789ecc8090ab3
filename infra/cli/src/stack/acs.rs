//! The way to ACS: where it is, and with which keys.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_secretsmanager::Client as SecretsManager;
use identity_client::{AccessKey, ConnectionString, ConnectionStringError, Endpoint};
use thiserror::Error;

use super::StackError;
use crate::aws::answered;

const PRIMARY: &str = "ACS_CONNECTION_STRING";
const SECONDARY: &str = "ACS_SECONDARY_CONNECTION_STRING";

/// An ACS resource and its access keys, one or both.
pub(super) struct AcsAccess {
    pub(super) endpoint: Endpoint,
    pub(super) primary: AccessKey,
    pub(super) secondary: Option<AccessKey>,
}

/// Why settings lead to no ACS resource. No value is repeated.
#[derive(Debug, Error)]
pub(crate) enum AcsAccessError {
    /// The secret's value is something else.
    #[error("the secret is no JSON object whose members are texts")]
    NotAnObject,
    /// There is no connection string.
    #[error("{PRIMARY} is missing")]
    Missing,
    /// A connection string breaks a rule.
    #[error("{0} is wrong")]
    Wrong(&'static str, #[source] ConnectionStringError),
    /// The two keys are not of one resource.
    #[error("{SECONDARY} must have the same endpoint as {PRIMARY}")]
    OtherEndpoint,
}

impl AcsAccess {
    /// Reads the settings. A plain http endpoint is taken from local stacks only.
    pub(super) fn read(
        settings: &BTreeMap<String, String>,
        allow_http: bool,
    ) -> Result<Self, AcsAccessError> {
        let parse = |name: &'static str, text: &String| {
            let parsed =
                if allow_http { ConnectionString::parse_insecure(text) } else { text.parse() };
            parsed.map_err(|error| AcsAccessError::Wrong(name, error))
        };
        // As for the functions, an empty setting is none.
        let set = |name| settings.get(name).filter(|text| !text.is_empty());
        let first = parse(PRIMARY, set(PRIMARY).ok_or(AcsAccessError::Missing)?)?;
        let second = set(SECONDARY).map(|text| parse(SECONDARY, text)).transpose()?;
        if second.as_ref().is_some_and(|second| second.endpoint != first.endpoint) {
            return Err(AcsAccessError::OtherEndpoint);
        }
        Ok(Self {
            endpoint: first.endpoint,
            primary: first.access_key,
            secondary: second.map(|second| second.access_key),
        })
    }
}

/// Reads the stack's secret.
pub(super) async fn read_secret(
    client: &SecretsManager,
    arn: &str,
) -> Result<AcsAccess, StackError> {
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let secret = answered("GetSecretValue", answer).map_err(StackError::Secret)?;
    let text = secret.secret_string().unwrap_or_default();
    // The parser's own error may quote what it has read.
    let settings = serde_json::from_str(text).map_err(|_| AcsAccessError::NotAnObject)?;
    Ok(AcsAccess::read(&settings, false)?)
}

/// Hidden, for the keys.
impl fmt::Debug for AcsAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcsAccess").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::chain;

    const KEY: &str = "c2VjcmV0LWNhbmFyeQ==";

    fn read(settings: &[(&str, String)]) -> Result<AcsAccess, String> {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        AcsAccess::read(&settings.collect(), false).map_err(|error| chain(&error))
    }

    #[test]
    fn both_keys_of_a_resource_are_used() {
        let at = |host: &str| format!("endpoint=https://{host}/;accesskey={KEY}");
        assert!(read(&[(PRIMARY, at("a.example"))]).unwrap().secondary.is_none());
        let both = read(&[(PRIMARY, at("a.example")), (SECONDARY, at("a.example"))]).unwrap();
        assert!(both.secondary.is_some());
        let error = read(&[(PRIMARY, at("a.example")), (SECONDARY, at("b.example"))]).unwrap_err();
        assert!(error.contains("must have the same endpoint"), "{error}");
    }

    #[test]
    fn an_error_names_the_setting_and_its_rule_and_never_the_key() {
        for (settings, rule) in [
            (vec![], "ACS_CONNECTION_STRING is missing"),
            (
                vec![(PRIMARY, format!("endpoint=http://a.example/;accesskey={KEY}"))],
                "the endpoint must begin with https://",
            ),
            (vec![(PRIMARY, format!("accesskey={KEY}"))], "has no endpoint"),
        ] {
            let error = read(&settings).unwrap_err();
            assert!(error.contains(rule), "{rule}: {error}");
            assert!(!error.contains("c2Vj"), "{error}");
        }
    }
}
