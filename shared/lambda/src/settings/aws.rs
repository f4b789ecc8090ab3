use std::fs;

use acs_broker_store_dynamodb::dynamo::{Access, Credentials, SharedCredentialsProvider};
use identity_client::http_client;

use super::reader::Reader;
use super::values::{text, url};
use crate::log::chain;

/// What it takes to reach AWS.
pub(crate) struct Aws {
    pub(crate) region: String,
    pub(crate) credentials: SharedCredentialsProvider,
    /// The process's one HTTP client; ACS is reached through it too.
    pub(crate) http: reqwest::Client,
    pub(crate) dynamodb_endpoint_url: Option<String>,
    pub(crate) secrets_endpoint_url: Option<String>,
}

impl Aws {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let http = reader.optional("EXTRA_CA_FILE", "", trusting);
        let region = reader.required("AWS_REGION", text);
        let key_id = reader.required("AWS_ACCESS_KEY_ID", text);
        let secret = reader.required("AWS_SECRET_ACCESS_KEY", text);
        let session_token = reader.set("AWS_SESSION_TOKEN");
        let endpoint_url = reader.checked("AWS_ENDPOINT_URL", url);
        let dynamodb = reader.checked("AWS_ENDPOINT_URL_DYNAMODB", url);
        let secrets = reader.checked("AWS_ENDPOINT_URL_SECRETS_MANAGER", url);
        let credentials = Credentials::new(key_id?, secret?, session_token, None, "environment");
        Some(Self {
            region: region?,
            credentials: SharedCredentialsProvider::new(credentials),
            http: http?,
            dynamodb_endpoint_url: dynamodb.or_else(|| endpoint_url.clone()),
            secrets_endpoint_url: secrets.or(endpoint_url),
        })
    }

    pub(super) fn table_access(&self) -> Access {
        Access {
            region: self.region.clone(),
            credentials: self.credentials.clone(),
            endpoint_url: self.dynamodb_endpoint_url.clone(),
        }
    }
}

/// The HTTP client, which trusts those in `file` too, if there is one.
fn trusting(file: &str) -> Result<reqwest::Client, String> {
    let roots = (!file.is_empty()).then(|| fs::read(file)).transpose();
    let roots = roots.map_err(|error| format!("cannot be read: {error}"))?;
    http_client(roots.as_deref()).map_err(|error| chain(&error))
}
