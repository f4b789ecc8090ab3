//! Microsoft's own signing policies and our client sign the same requests alike.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_broker_harness::process::run;
use acs_broker_harness::tools;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use identity_client::{
    AccessKey, ApiVersion, ClientOptions, Deadline, Endpoint, IdentityClient, IdentityId, Lifetime,
    Scope, Transport, TransportError,
};
use serde::Serialize;
use tokio::process::Command;
use tokio::time::Instant;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const USER: &str =
    "8:acs:11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516";

/// Microsoft's Python packages sign each request as our client does.
#[tokio::test]
async fn python_packages_sign_alike() {
    let packages = [
        "administration-1.0.0b2",
        "administration-1.0.0b4",
        "identity-1.0.1",
        "identity-1.3.1",
        "identity-1.5.0",
    ];
    for name in packages {
        let mut program = Command::new("python3");
        program.args(["-S", "-B"]).arg(tools::repository().join("tests/sdk/python/sign.py"));
        program.env("PYTHONPATH", tools::python_packages(name));
        assert_signs_as_our_client_does(name, program).await;
    }
}

/// Microsoft's JavaScript packages sign each request as our client does.
#[tokio::test]
async fn javascript_packages_sign_alike() {
    for name in ["administration-1.0.0-beta.3", "identity-1.3.1"] {
        let mut program = Command::new("node");
        program.arg(tools::repository().join("tests/sdk/js/sign.mjs"));
        program.env("SDK_PACKAGES", tools::node_packages(name));
        assert_signs_as_our_client_does(name, program).await;
    }
}

async fn assert_signs_as_our_client_does(name: &str, mut program: Command) {
    let ours = requests_of_our_client().await;
    let output = run(&mut program, &serde_json::to_string(&ours).unwrap()).await;
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let theirs: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    // Packages until 2021 call the same header `date`; its name is not part of the signed text.
    let theirs: Vec<String> = theirs
        .iter()
        .map(|signed| signed.replace("SignedHeaders=date;", "SignedHeaders=x-ms-date;"))
        .collect();
    let ours: Vec<&str> = ours.iter().map(|request| request.authorization.as_str()).collect();

    assert_eq!(theirs, ours, "{name}");
}

/// Records our client's requests: each operation, in two API versions, with and without a port.
async fn requests_of_our_client() -> Vec<SignedRequest> {
    let network = Arc::new(RecordingTransport::default());
    let now = "2026-11-03T04:05:06Z".parse().unwrap();
    let deadline = Deadline::new(now, Duration::from_mins(1));
    let user: IdentityId = USER.parse().unwrap();
    let lifetime = Lifetime::DEFAULT;
    for endpoint in ["https://contoso.communication.azure.com", "https://localhost:8443"] {
        for api_version in ["2021-03-07", "2023-10-01"] {
            let api_version: ApiVersion = api_version.parse().unwrap();
            let endpoint: Endpoint = endpoint.parse().unwrap();
            let key: AccessKey = KEY.parse().unwrap();
            let options = ClientOptions { api_version, ..ClientOptions::default() };
            let client = IdentityClient::new(endpoint, key, network.clone(), options);

            let scopes = [Scope::Chat, Scope::Voip];
            client.create_user(&deadline).await.unwrap_err();
            client.create_user_with_token(&scopes, lifetime, &deadline).await.unwrap_err();
            client.issue_token(&user, &scopes, lifetime, &deadline).await.unwrap_err();
            client.revoke_tokens(&user, &deadline).await.unwrap_err();
            client.delete_user(&user, &deadline).await.unwrap_err();
        }
    }
    let requests = std::mem::take(&mut *network.requests.lock().unwrap());
    assert_eq!(requests.len(), 20, "each call sends one request");
    requests
}

/// A request as `sign.py` and `sign.mjs` take it, and what our client sent with it.
#[derive(Debug, Serialize)]
struct SignedRequest {
    method: String,
    url: String,
    body: String,
    date: String,
    key: &'static str,
    #[serde(skip)]
    authorization: String,
}

/// Records each request and refuses it with a status that is not retried.
#[derive(Debug, Default)]
struct RecordingTransport {
    requests: Mutex<Vec<SignedRequest>>,
}

impl Transport for RecordingTransport {
    fn send(
        &self,
        request: Request<Bytes>,
        _until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        self.requests.lock().unwrap().push(SignedRequest {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            body: String::from_utf8(request.body().to_vec()).unwrap(),
            date: text(request.headers(), "x-ms-date"),
            key: KEY,
            authorization: text(request.headers(), "authorization"),
        });
        let mut refusal = Response::new(Bytes::new());
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        Box::pin(async { Ok(refusal) })
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}
