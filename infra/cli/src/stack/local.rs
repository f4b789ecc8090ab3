//! A stack on this machine, described by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use acs_broker_store_dynamodb::dynamo::{Credentials, SharedCredentialsProvider};
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use reqwest::Url;
use serde::Deserialize;

use super::{Acs, Description, StackError, days};

const TIMEOUT: Duration = Duration::from_secs(5);
/// What the functions take where the setting is not there.
const TOMBSTONE_DAYS: &str = "400";

/// What `GET /dev/settings` of `make run` answers.
#[derive(Deserialize)]
struct DevSettings {
    issuer: String,
    /// The environment of the stack's functions.
    settings: BTreeMap<String, String>,
}

pub(super) async fn describe(
    url: &Url,
    http: &reqwest::Client,
) -> Result<(SdkConfig, Description), StackError> {
    let base = url.as_str().trim_end_matches('/');
    let unanswered = |error: reqwest::Error| StackError::NoLocalStack(base.to_owned(), error);
    let request = http.get(format!("{base}/dev/settings")).timeout(TIMEOUT);
    let answer = request.send().await.map_err(unanswered)?.bytes().await.map_err(unanswered)?;
    let DevSettings { issuer, settings } =
        serde_json::from_slice(&answer).map_err(|_| StackError::NotALocalStack(base.to_owned()))?;

    let setting = |name: &'static str| {
        settings.get(name).cloned().ok_or(StackError::Wrong(name, "is missing"))
    };
    let key_id = setting("AWS_ACCESS_KEY_ID")?;
    let secret_key = setting("AWS_SECRET_ACCESS_KEY")?;
    let credentials = Credentials::new(key_id, secret_key, None, None, "local stack");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(setting("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(setting("AWS_ENDPOINT_URL_DYNAMODB")?)
        .http_client(acs_broker_aws::shared(http.clone()))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    let retention = settings.get("TOMBSTONE_DAYS").map_or(TOMBSTONE_DAYS, String::as_str);
    let description = Description {
        issuer: issuer.parse().map_err(|_| StackError::Wrong("issuer", "is not an issuer"))?,
        table_name: setting("TABLE_NAME")?,
        tombstone_retention: days(retention)
            .ok_or(StackError::Wrong("TOMBSTONE_DAYS", "is not a number of days"))?,
        acs: Acs::Settings(settings),
        queues: None,
    };
    Ok((config, description))
}
