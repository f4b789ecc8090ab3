//! The SDK's client for DynamoDB.

use std::time::Duration;

use acs_broker_aws::{Access, Attempts, RetryStaleSignatures, sdk_config};
use aws_sdk_dynamodb::{Client, config};

/// The timeout is a hundred times what DynamoDB usually takes (single-digit milliseconds), and
/// short enough that all attempts fit into a few seconds. The backoff is what `aws-config` sets for
/// DynamoDB. The SDK's own would be a second, and a function that wakes up with dead connections
/// would lose it each time.
const ATTEMPTS: Attempts =
    Attempts { timeout: Duration::from_secs(1), initial_backoff: Duration::from_millis(25) };

/// Returns the client; `http` is the process's one HTTP client, whose connections it shares.
#[must_use]
pub fn client(access: Access, http: reqwest::Client) -> Client {
    let config = config::Builder::from(&sdk_config(access, http, ATTEMPTS));
    Client::from_conf(config.retry_classifier(RetryStaleSignatures).build())
}

#[cfg(test)]
mod tests {
    mod client {
        use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};

        use crate::DynamoStore;

        /// A log line must not show the credentials of the function.
        #[test]
        fn debug_hides_credentials() {
            let token = Some("FQoGZXIvYXdzEBYaD".to_owned());
            let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", token, None, "test");
            let credentials = SharedCredentialsProvider::new(credentials);
            let region = "eu-central-1".to_owned();
            let access = Access { region, credentials, endpoint_url: None };
            let shown = format!("{access:?}");
            let http = identity_client::http_client(None).unwrap();
            let store = DynamoStore::new(super::super::client(access, http), "users");
            for shown in [shown, format!("{store:?}")] {
                assert!(!shown.contains("wJalrXUtnFEMI") && !shown.contains("FQoGZXIvYXdzEBYaD"));
            }
        }
    }
}
