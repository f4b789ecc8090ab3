//! What a stack says about itself, for the checks.

use std::collections::BTreeMap;
use std::fmt;

use acs_broker_store_dynamodb::{Client as DynamoDb, DynamoStore};
use reqwest::Client;
use serde_json::Value;

use super::deployment::Deployment;
use crate::queues::Queues;
use crate::records::Records;

/// A response of the identity provider is never longer.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Holds what a stack says about itself.
pub(crate) struct Facts {
    /// The address of a local stack, or the API of a deployed one, without a trailing slash.
    pub(crate) api: String,
    pub(crate) is_local: bool,
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) allowed_origins: Vec<String>,
    /// The functions' settings by their names, secrets included.
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) records: Records<DynamoStore>,
    pub(crate) dynamodb: DynamoDb,
    pub(crate) table_name: String,
    /// `None` on a local stack.
    pub(crate) queues: Option<Queues>,
    /// The options that name the stack, as a command line has them.
    pub(crate) command: String,
    /// What a deployed stack has on AWS.
    pub(crate) deployment: Option<Deployment>,
    /// The topic of the alarms, in a deployed stack.
    pub(crate) alarm_topic: Option<String>,
}

impl Facts {
    /// Returns a setting, or its default.
    pub(crate) fn setting<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.settings.get(name).map_or(default, String::as_str)
    }
}

/// The settings have the keys in them.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").finish_non_exhaustive()
    }
}

/// Fetches a JSON document.
///
/// # Errors
/// Why there is none, in words.
pub(crate) async fn json(http: &Client, url: &str) -> Result<Value, String> {
    let response = http.get(url).send().await.map_err(|error| reason(&error))?;
    let status = response.status();
    let mut response = response;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY_BYTES {
            return Err(format!("the response has more than {MAX_BODY_BYTES} bytes"));
        }
    }
    if !status.is_success() {
        return Err(format!("the response is {status}"));
    }
    serde_json::from_slice(&body).map_err(|_| "the response is not JSON".to_owned())
}

/// Returns the innermost reason of a failed request: the address is named elsewhere.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::clock::Clock;
    use crate::testing::aws::FakeAws;
    use crate::testing::now;

    /// Returns the facts of a stack that works.
    pub(crate) fn facts() -> Facts {
        facts_of(&FakeAws::default())
    }

    /// Returns the facts of a stack on this AWS.
    pub(crate) fn facts_of(aws: &FakeAws) -> Facts {
        let config = aws.config();
        let dynamodb = DynamoDb::new(&config);
        let policy = r#"{"scopes":["chat.join"],"rules":[{"claim":"groups","includes":"agents","scopes":["chat","voip"],"expiresInMinutes":480}]}"#;
        let issuer = "https://idp.example";
        Facts {
            api: "https://api.example".to_owned(),
            is_local: false,
            issuer: issuer.to_owned(),
            audiences: vec!["api".to_owned()],
            allowed_origins: Vec::new(),
            settings: BTreeMap::from([("SCOPE_POLICY".to_owned(), policy.to_owned())]),
            records: Records {
                table: DynamoStore::new(dynamodb.clone(), "users"),
                issuer: issuer.parse().unwrap(),
                clock: Clock::of(now),
            },
            dynamodb,
            table_name: "users".to_owned(),
            queues: Some(aws.queues()),
            command: "acs-broker ".to_owned(),
            deployment: None,
            alarm_topic: None,
        }
    }
}
