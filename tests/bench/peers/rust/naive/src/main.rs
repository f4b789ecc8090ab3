//! A token endpoint as the crates' first pages suggest it: `aws_config::load_defaults`, the default
//! `aws-sdk-dynamodb`, the default `reqwest`, and ACS's signature by hand. It reads the user's row
//! and has ACS issue a token; it neither creates identities nor revokes.

use std::time::SystemTime;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

struct Broker {
    table: aws_sdk_dynamodb::Client,
    table_name: String,
    http: reqwest::Client,
    /// `https://host:port`, and the host with its port.
    endpoint: String,
    host: String,
    key: Vec<u8>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let connection = std::env::var("ACS_CONNECTION_STRING")?;
    let (endpoint, key) = connection.split_once(";accesskey=").ok_or("no accesskey")?;
    let endpoint = endpoint.trim_start_matches("endpoint=").trim_end_matches('/').to_owned();
    let broker = Broker {
        table: aws_sdk_dynamodb::Client::new(&config),
        table_name: std::env::var("TABLE_NAME")?,
        http: reqwest::Client::new(),
        host: endpoint.trim_start_matches("https://").to_owned(),
        endpoint,
        key: STANDARD.decode(key)?,
    };
    let broker = &broker;
    lambda_runtime::run(service_fn(move |event| handle(broker, event))).await
}

async fn handle(broker: &Broker, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let claims = &event.payload["requestContext"]["authorizer"]["jwt"]["claims"];
    let (issuer, subject) = (claims["iss"].as_str(), claims["sub"].as_str());
    let (Some(issuer), Some(subject)) = (issuer, subject) else {
        return Ok(json!({ "statusCode": 401, "body": "{}" }));
    };
    let row = broker
        .table
        .get_item()
        .table_name(&broker.table_name)
        .key("id", AttributeValue::S(format!("user {issuer} {subject}")))
        .consistent_read(true)
        .send()
        .await?;
    let identity = row.item().and_then(|row| row.get("identity")?.as_s().ok());
    let Some(identity) = identity else {
        return Ok(json!({ "statusCode": 404, "body": "{}" }));
    };
    let token = broker.issue(identity).await?;
    let body = json!({
        "token": token["token"],
        "expiresOn": token["expiresOn"],
        "user": { "communicationUserId": identity },
    });
    Ok(json!({
        "statusCode": 200,
        "headers": { "content-type": "application/json", "cache-control": "no-store" },
        "body": body.to_string(),
    }))
}

impl Broker {
    async fn issue(&self, identity: &str) -> Result<Value, Error> {
        let identity = identity.replace(':', "%3A");
        let path = format!("/identities/{identity}/:issueAccessToken?api-version=2023-10-01");
        let body = json!({ "scopes": ["chat", "voip"], "expiresInMinutes": 60 }).to_string();
        let date = httpdate::fmt_http_date(SystemTime::now());
        let hash = STANDARD.encode(Sha256::digest(&body));
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key)?;
        mac.update(format!("POST\n{path}\n{date};{};{hash}", self.host).as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let signed = "x-ms-date;host;x-ms-content-sha256";
        let response = self
            .http
            .post(format!("{}{path}", self.endpoint))
            .header("content-type", "application/json")
            .header("x-ms-date", date)
            .header("x-ms-content-sha256", hash)
            .header(
                "authorization",
                format!("HMAC-SHA256 SignedHeaders={signed}&Signature={signature}"),
            )
            .body(body)
            .send()
            .await?
            .error_for_status()?;
        Ok(serde_json::from_slice(&response.bytes().await?)?)
    }
}
