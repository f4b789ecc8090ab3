use std::collections::HashMap;
use std::future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use identity_client::{ClientOptions, Deadline, IdentityClient, Transport, TransportError};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;
use crate::error_chain::error_chain;
use crate::settings::{Settings, tests::COMPLETE};
use crate::settings_error::SettingsError;

const CONNECTION: &str = "endpoint=https://contoso.example/;accesskey=c2VjcmV0LWNhbmFyeQ==";
const HASH_KEY: &str = "hash-key-canary-0123456789abcdef";

/// Secrets Manager, which gives each request the next of its answers, and silence after the last.
struct SecretsManager {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl SecretsManager {
    async fn answering(answers: impl IntoIterator<Item = (u16, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::default();
        tokio::spawn(serve(listener, answers.into_iter().collect(), Arc::clone(&requests)));
        Self { url, requests }
    }

    /// With a secret of this text.
    async fn holding(text: &str) -> Self {
        Self::answering([secret(text)]).await
    }

    /// The settings of a function whose environment is complete but for what a secret may hold.
    async fn read(&self, changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let in_secret = |name: &&str| SECRET_NAMES.contains(name);
        let mut values: HashMap<String, String> = COMPLETE
            .iter()
            .filter(|(name, _)| !in_secret(name))
            .chain(&[
                ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acs"),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.url),
            ])
            .chain(changes)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        values.retain(|_, value| !value.is_empty());
        Settings::read_with_secret(Arc::new(move |name| values.get(name).cloned())).await
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn secret(text: &str) -> (u16, String) {
    (200, json!({"Name": "acs", "SecretString": text}).to_string())
}

fn complete() -> String {
    json!({"ACS_CONNECTION_STRING": CONNECTION, "USER_HASH_KEY": HASH_KEY}).to_string()
}

async fn serve(
    listener: TcpListener,
    answers: Vec<(u16, String)>,
    requests: Arc<Mutex<Vec<String>>>,
) {
    for (status, body) in answers {
        let (mut connection, _) = listener.accept().await.unwrap();
        let request = request(&mut connection).await;
        requests.lock().unwrap().push(request);
        let length = body.len();
        let head = "content-type: application/x-amz-json-1.1\r\nconnection: close";
        let answer =
            format!("HTTP/1.1 {status} Said\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}");
        connection.write_all(answer.as_bytes()).await.unwrap();
    }
    future::pending::<()>().await;
}

/// One request, whose body is an object of JSON without another in it.
async fn request(connection: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"}") {
        connection.read_buf(&mut read).await.unwrap();
    }
    String::from_utf8(read).unwrap()
}

fn error_of(outcome: Result<Settings, SettingsError>) -> String {
    let text = outcome.unwrap_err().to_string();
    assert!(!text.contains("canary") && !text.contains("c2Vj"), "{text}");
    text
}

/// A function finds in the secret what its environment does not have.
#[tokio::test]
async fn completes_the_environment() {
    let manager = SecretsManager::holding(&complete()).await;
    let settings = manager.read(&[]).await.unwrap();
    assert_eq!(settings.acs.endpoint.to_string(), "https://contoso.example");
    assert_eq!(settings.user_hash_key, HASH_KEY.parse().unwrap());

    let [request] = manager.requests().try_into().unwrap();
    assert!(request.contains("x-amz-target: secretsmanager.GetSecretValue"), "{request}");
    assert!(request.contains("/eu-west-1/secretsmanager/aws4_request"), "{request}");
    let asked = r#"{"SecretId":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:acs"}"#;
    assert!(request.ends_with(asked), "{request}");
}

/// A setting of the environment outweighs the secret.
#[tokio::test]
async fn environment_comes_first() {
    let manager = SecretsManager::holding(&complete()).await;
    let own = "another hash key of its own, and long";
    let settings = manager.read(&[("USER_HASH_KEY", own)]).await.unwrap();
    assert_eq!(settings.user_hash_key, own.parse().unwrap());
}

/// A misspelt member of the secret stops the start.
#[tokio::test]
async fn refuses_other_members() {
    for text in [
        "",
        "canary",
        r#"{"ACS_CONNECTION_STRING": "canary""#,
        r#""canary""#,
        r#"["canary"]"#,
        r#"{"USER_HASH_KEY": {"canary": "canary"}}"#,
        r#"{"USER_HASH_KEY": 20261123202611232026}"#,
        r#"{"USER_HASHKEY": "hash-key-canary-0123"}"#,
        r#"{"TABLE_NAME": "canary"}"#,
        r#"{"canary": "canary"}"#,
    ] {
        let manager = SecretsManager::holding(text).await;
        assert_eq!(
            error_of(manager.read(&[]).await),
            "settings: SECRET_ARN the secret must be a JSON object of texts with no other members \
             than ACS_CONNECTION_STRING, ACS_SECONDARY_CONNECTION_STRING, USER_HASH_KEY",
            "{text}"
        );
    }
}

/// What is missing or wrong in the secret is named, and its value is not shown.
#[tokio::test]
async fn wrong_values_are_named() {
    let manager = SecretsManager::holding(r#"{"ACS_CONNECTION_STRING": ""}"#).await;
    assert_eq!(
        error_of(manager.read(&[]).await),
        "settings: ACS_CONNECTION_STRING is missing; USER_HASH_KEY is missing"
    );
    let text = json!({"ACS_CONNECTION_STRING": "canary", "USER_HASH_KEY": "canary"}).to_string();
    let manager = SecretsManager::holding(&text).await;
    assert_eq!(
        error_of(manager.read(&[]).await),
        "settings: ACS_CONNECTION_STRING part 1 of the connection string is neither endpoint=… nor \
         accesskey=…; USER_HASH_KEY must have at least 32 characters"
    );
}

/// An unreadable secret is named with all else; what it may hold does not count as missing.
#[tokio::test]
async fn unreadable_secret_is_named_once() {
    let denied = json!({
        "__type": "AccessDeniedException", "Message": "Access to KMS is not allowed",
    });
    let manager = SecretsManager::answering([(400, denied.to_string())]).await;
    let other = ("OKTA_EVENT_SOURCE", "canary");
    assert_eq!(
        error_of(manager.read(&[("TABLE_NAME", ""), other]).await),
        "settings: SECRET_ARN the secret could not be read: Secrets Manager responded 400 \
         AccessDeniedException: Access to KMS is not allowed; TABLE_NAME is missing; \
         EVENT_ISSUER is missing"
    );
}

/// The secret is not asked for when the settings for asking are wrong.
#[tokio::test]
async fn is_not_read_with_wrong_settings() {
    for (name, rule) in [
        ("AWS_REGION", "is missing"),
        ("AWS_ACCESS_KEY_ID", "is missing"),
        ("AWS_SECRET_ACCESS_KEY", "is missing"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "must be a URL: relative URL without a base"),
        ("EXTRA_CA_FILE", "cannot be read: No such file or directory (os error 2)"),
    ] {
        let manager = SecretsManager::holding(&complete()).await;
        let wrong = if rule == "is missing" { "" } else { "::" };
        assert_eq!(
            error_of(manager.read(&[(name, wrong)]).await),
            format!("settings: {name} {rule}")
        );
        assert_eq!(manager.requests(), [""; 0]);
    }
}

/// One failure of Secrets Manager does not stop a start.
#[tokio::test]
async fn start_survives_one_failure() {
    let manager = SecretsManager::answering([(500, "{}".to_owned()), secret(&complete())]).await;
    manager.read(&[]).await.unwrap();
    assert_eq!(manager.requests().len(), 2);
}

/// A start ends with the reason before Lambda ends it without one.
#[tokio::test(start_paused = true)]
async fn silent_manager_ends_the_start() {
    let manager = SecretsManager::answering([]).await;
    let began = Instant::now();
    let text = error_of(manager.read(&[]).await);
    assert!(text.starts_with("settings: SECRET_ARN the secret could not be read"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

/// ACS, which accepts a key once it was regenerated: not the first that signs.
#[derive(Debug, Default)]
struct Acs {
    first: Mutex<Option<String>>,
}

impl Transport for Acs {
    fn send(
        &self,
        request: Request<bytes::Bytes>,
        _until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<bytes::Bytes>, TransportError>> + Send + '_>>
    {
        let signature = request.headers()["authorization"].to_str().unwrap().to_owned();
        let mut first = self.first.lock().unwrap();
        let is_first = *first.get_or_insert_with(|| signature.clone()) == signature;
        let mut answer = Response::new(bytes::Bytes::new());
        *answer.status_mut() = if is_first { 401 } else { 204 }.try_into().unwrap();
        Box::pin(future::ready(Ok(answer)))
    }
}

/// Sends a request to ACS with the keys of these settings.
async fn delete_at_acs(settings: Settings) -> Result<(), identity_client::Error> {
    let (endpoint, keys) = (settings.acs.endpoint, settings.acs.keys);
    let client =
        IdentityClient::new(endpoint, keys, Arc::<Acs>::default(), ClientOptions::default());
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let deadline = Deadline::new(now, Duration::from_secs(10));
    client.delete_user(&"8:acs:a_b".parse().unwrap(), &deadline).await
}

/// A running function reads rotated keys when ACS refuses its own.
#[tokio::test]
async fn rotated_keys_are_read_again() {
    let rotated = complete().replace("c2VjcmV0LWNhbmFyeQ==", "cm90YXRlZA==");
    let manager = SecretsManager::answering([secret(&complete()), secret(&rotated)]).await;
    delete_at_acs(manager.read(&[]).await.unwrap()).await.unwrap();
    assert_eq!(manager.requests().len(), 2);
}

/// Keys of another resource would sign for identities that it does not own.
#[tokio::test]
async fn foreign_keys_are_not_used() {
    let moved = complete().replace("contoso", "fabrikam");
    let manager = SecretsManager::answering([secret(&complete()), secret(&moved)]).await;
    let refused = delete_at_acs(manager.read(&[]).await.unwrap()).await.unwrap_err();
    let text = error_chain(&refused);
    assert!(text.ends_with("another endpoint: the function must be started again"), "{text}");
}

/// An operator reads why rotated keys could not be read, and no value.
#[tokio::test]
async fn refresh_failure_is_explained() {
    for (answer, why) in [
        (
            secret(r#"{"ACS_CONNECTION_STRING": "canary"}"#),
            "settings: ACS_CONNECTION_STRING part 1",
        ),
        (secret("canary"), "the secret must be a JSON object"),
        ((400, r#"{"__type":"Denied"}"#.to_owned()), "responded 400 Denied: without a reason"),
    ] {
        let manager = SecretsManager::answering([secret(&complete()), answer]).await;
        let refused = delete_at_acs(manager.read(&[]).await.unwrap()).await.unwrap_err();
        let text = error_chain(&refused);
        assert!(refused.is_unauthorized() && text.contains(why), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}
