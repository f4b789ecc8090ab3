//! How to reach AWS.

use std::fs;

use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
use acs_broker_http::HttpClient;
use identity_client::{BuildError, http_client, tls_config};

use crate::error_chain::error_chain;
use crate::reader::Reader;
use crate::values::{text, url};

/// The process's HTTP clients, which trust the same authorities.
pub(crate) struct Http {
    /// For the AWS SDK.
    pub(crate) sdk: reqwest::Client,
    /// For what each token needs: ACS and the direct read of the table.
    pub(crate) direct: HttpClient,
}

/// What it takes to reach AWS.
pub(crate) struct Aws {
    pub(crate) http: Http,
    pub(crate) dynamodb: Access,
    pub(crate) secrets_manager: Access,
}

impl Aws {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let http = reader.with_default("EXTRA_CA_FILE", "", trusting);
        let region = reader.required("AWS_REGION", text);
        let key_id = reader.required("AWS_ACCESS_KEY_ID", text);
        let secret = reader.required("AWS_SECRET_ACCESS_KEY", text);
        let session_token = reader.text("AWS_SESSION_TOKEN");
        let endpoint_url = reader.optional("AWS_ENDPOINT_URL", url);
        let dynamodb = reader.optional("AWS_ENDPOINT_URL_DYNAMODB", url);
        let secrets = reader.optional("AWS_ENDPOINT_URL_SECRETS_MANAGER", url);
        let credentials = Credentials::new(key_id?, secret?, session_token, None, "environment");
        let credentials = SharedCredentialsProvider::new(credentials);
        let region = region?;
        let access = |own: Option<String>| Access {
            region: region.clone(),
            credentials: credentials.clone(),
            endpoint_url: own.or_else(|| endpoint_url.clone()),
        };
        Some(Self { http: http?, dynamodb: access(dynamodb), secrets_manager: access(secrets) })
    }
}

/// Returns the HTTP clients, which trust the authorities in `file` too, if there is one.
fn trusting(file: &str) -> Result<Http, String> {
    let roots = (!file.is_empty()).then(|| fs::read(file)).transpose();
    let roots = roots.map_err(|error| format!("cannot be read: {error}"))?;
    Http::new(roots.as_deref()).map_err(|error| error_chain(&error))
}

impl Http {
    fn new(roots: Option<&[u8]>) -> Result<Self, BuildError> {
        Ok(Self { sdk: http_client(roots)?, direct: HttpClient::new(tls_config(roots)?) })
    }
}
