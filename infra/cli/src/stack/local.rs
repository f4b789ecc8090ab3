//! A stack on this machine, described by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use acs_broker_config::tombstone_retention;
use aws_config::SdkConfig;
use identity_client::Timestamp;
use jiff::SignedDuration;
use reqwest::Url;
use serde::Deserialize;

use super::config::{DEFAULT_TOMBSTONE_DAYS, LocalAws};
use super::description::{AcsSource, Description};
use super::error::StackError;

const SETTINGS_TIMEOUT: Duration = Duration::from_secs(5);

/// Holds the response to `GET /dev/settings` of `make run`.
#[derive(Deserialize)]
struct DevSettings {
    issuer: String,
    /// The environment of the stack's functions.
    settings: BTreeMap<String, String>,
}

/// Holds the response to `GET /dev/clock`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DevClock {
    now: Timestamp,
    pub(super) offset_seconds: i64,
}

impl DevClock {
    /// Returns the time of the stack's machine.
    pub(super) fn wall(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset_seconds);
        self.now.checked_sub(offset).unwrap_or(self.now)
    }
}

/// Asks a local stack for its clock, which may be moved; `None` if it does not have one.
pub(super) async fn clock(
    url: &Url,
    http: &reqwest::Client,
) -> Result<Option<DevClock>, StackError> {
    let base = url.as_str().trim_end_matches('/');
    let no_response = |error: reqwest::Error| StackError::NoLocalStack(base.to_owned(), error);
    let request = http.get(format!("{base}/dev/clock")).timeout(SETTINGS_TIMEOUT);
    let body = request.send().await.map_err(no_response)?.bytes().await.map_err(no_response)?;
    Ok(serde_json::from_slice(&body).ok())
}

/// Asks a local stack for its issuer and the environment of its functions.
pub(crate) async fn settings(
    url: &Url,
    http: &reqwest::Client,
) -> Result<(String, BTreeMap<String, String>), StackError> {
    let base = url.as_str().trim_end_matches('/');
    let no_response = |error: reqwest::Error| StackError::NoLocalStack(base.to_owned(), error);
    let request = http.get(format!("{base}/dev/settings")).timeout(SETTINGS_TIMEOUT);
    let body = request.send().await.map_err(no_response)?.bytes().await.map_err(no_response)?;
    let DevSettings { issuer, settings } =
        serde_json::from_slice(&body).map_err(|_| StackError::NotALocalStack(base.to_owned()))?;
    Ok((issuer, settings))
}

/// Describes a local stack by its settings.
pub(super) async fn describe(
    url: &Url,
    http: &reqwest::Client,
) -> Result<(SdkConfig, Description), StackError> {
    let (issuer, settings) = settings(url, http).await?;
    let setting = |name: &'static str| {
        settings.get(name).cloned().ok_or(StackError::Wrong(name, "is missing"))
    };
    let aws = LocalAws {
        key_id: setting("AWS_ACCESS_KEY_ID")?,
        secret_key: setting("AWS_SECRET_ACCESS_KEY")?,
        region: setting("AWS_REGION")?,
        dynamodb_url: setting("AWS_ENDPOINT_URL_DYNAMODB")?,
    };
    let retention = settings.get("TOMBSTONE_DAYS").map_or(DEFAULT_TOMBSTONE_DAYS, String::as_str);
    let description = Description {
        issuer: issuer.parse().map_err(|_| StackError::Wrong("issuer", "is not an issuer"))?,
        table_name: setting("TABLE_NAME")?,
        tombstone_retention: tombstone_retention(retention)
            .map_err(|_| StackError::Wrong("TOMBSTONE_DAYS", "is not a number of days"))?,
        acs: AcsSource::Settings(settings),
        queues: None,
    };
    Ok((aws.config(http.clone()), description))
}
