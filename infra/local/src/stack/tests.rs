//! The routers as one, without sockets.

use axum::body::Body;
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
use acs_broker_store_dynamodb::client;
use acs_emulator::Emulator;
use axum::extract::connect_info::MockConnectInfo;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use tower_service::Service as _;

use super::*;
use crate::dev::signing_key::SigningKey;
use crate::gateway::request_id::REQUEST_ID;
use crate::hosting::functions::{Function, Functions, InvokeError};
use crate::hosting::rows::Rows;
use crate::hosting::watched::TableRoute;
use crate::log::LogFormat;
use crate::log::tests::collected;

mod refusal;

/// What the gateway has logged.
pub(super) type Lines = Arc<Mutex<Vec<String>>>;

const ISSUER: &str = "http://127.0.0.1:8080";

/// A gateway whose `issue` responds with its event, while `revoke` fails and `delete` is out of
/// its mind. Its table and its ACS do not exist.
pub(super) fn logged_gateway() -> (Router, Lines) {
    let key = SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap();
    let echo: Function = Arc::new(|event, _| {
        Box::pin(async move { Ok(json!({"statusCode": 200, "body": event.to_string()})) })
    });
    let failing: Function = Arc::new(|_, _| Box::pin(async { Err(InvokeError::TimedOut) }));
    let malformed: Function = Arc::new(|_, _| Box::pin(async { Ok(json!("secret")) }));
    let http = identity_client::http_client(None).unwrap();
    let nowhere = "http://127.0.0.1:1".to_owned();
    let credentials = Credentials::new("local", "local", None, None, "local");
    let access = Access {
        region: "local".to_owned(),
        credentials: SharedCredentialsProvider::new(credentials),
        endpoint_url: Some(nowhere.clone()),
    };
    let functions = Functions::new([("issue", echo), ("revoke", failing), ("delete", malformed)]);
    let emulator = Arc::new(Emulator::new(acs_emulator::Settings::simulated(1)));
    let wall = || Timestamp::constant(1_700_000_000, 0);
    let clock = Clock::new(wall, emulator.clock_offset());
    let (log, lines) = collected(LogFormat::Text);
    let gateway = Gateway {
        routes: Routes::read(OPENAPI).unwrap(),
        authorizer: Authorizer::new(ISSUER.to_owned(), AUDIENCE.to_owned(), key.key_set()),
        faults: Arc::default(),
        provider_faults: Arc::default(),
        functions: functions.clone(),
        subject_claim: "sub".to_owned(),
        log,
        clock: clock.clone(),
    };
    let provider = IdentityProvider::new(ISSUER.to_owned(), key);
    let parts = Parts {
        provider: provider.clone(),
        functions,
        are_functions_elsewhere: false,
        emulator,
        acs_url: nowhere.clone(),
        table: None,
        route: TableRoute {
            direct: nowhere.clone(),
            faults: Arc::default(),
            rows: Rows::new(dynoxide::Database::memory().unwrap(), "local"),
        },
        gateway_faults: Arc::default(),
        http: http.clone(),
        clock,
    };
    let console = Arc::new(Console::new(|| Ok(settings()), parts).unwrap());
    let dev = DevApi {
        provider,
        settings: BTreeMap::new(),
        health: Health {
            table: client(access, http.clone()),
            table_name: "none".to_owned(),
            acs: http,
            acs_url: nowhere,
        },
    };
    let reach = Reach { own: IpAddr::V4(Ipv4Addr::LOCALHOST), is_anywhere: false };
    let router = router(gateway, dev, console, reach);
    let source = MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000)));
    (router.layer(source), lines)
}

/// The settings of a console whose table and ACS do not exist.
fn settings() -> acs_broker_config::Settings {
    let lookup = |name: &str| {
        let value = match name {
            "ACS_ALLOW_HTTP" => "true",
            "ACS_CONNECTION_STRING" => "endpoint=http://127.0.0.1:1/;accesskey=a2V5",
            "AWS_ENDPOINT_URL_DYNAMODB" => "http://127.0.0.1:1",
            "SCOPE_POLICY" => r#"{"scopes":["chat"]}"#,
            "USER_HASH_KEY" => "for development, and not a secret",
            "AWS_ACCESS_KEY_ID" | "AWS_REGION" | "AWS_SECRET_ACCESS_KEY" | "TABLE_NAME" => "local",
            _ => return None,
        };
        Some(value.to_owned())
    };
    acs_broker_config::Settings::read(&lookup).unwrap()
}

pub(super) fn gateway() -> Router {
    logged_gateway().0
}

async fn call(
    gateway: &Router,
    request: http::request::Builder,
    body: impl Into<Body>,
) -> (Response<()>, String) {
    let request = request.header(HOST, "localhost").body(body.into()).unwrap();
    let (head, body) = gateway.clone().call(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (Response::from_parts(head, ()), String::from_utf8(body.to_vec()).unwrap())
}

/// A request of somebody who has just signed in.
async fn signed_in(gateway: &Router, method: Method, path: &str) -> http::request::Builder {
    let request = Request::post("/dev/sign-in");
    let (_, session) = call(gateway, request, r#"{"subject":"alice"}"#).await;
    let session: Value = serde_json::from_str(&session).unwrap();
    let bearer = format!("Bearer {}", session["token"].as_str().unwrap());
    Request::builder().method(method).uri(path).header(AUTHORIZATION, bearer)
}

/// A signed-in user reaches the function, with the request id of the response.
#[tokio::test]
async fn user_reaches_the_function() {
    let gateway = gateway();
    let request = signed_in(&gateway, Method::POST, "/v1/token").await;
    let (response, body) = call(&gateway, request, "").await;
    assert_eq!(response.status(), StatusCode::OK);
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"], "alice");
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(
        event["requestContext"]["requestId"],
        response.headers()[REQUEST_ID].to_str().unwrap()
    );
}

/// A missing session, a missing scope and a wrong path are refused as on AWS.
#[tokio::test]
async fn refusals_read_as_on_aws() {
    let gateway = gateway();
    let (response, body) = call(&gateway, Request::post("/v1/token"), "").await;
    assert_eq!(
        (response.status(), body.as_str()),
        (StatusCode::UNAUTHORIZED, r#"{"message":"Unauthorized"}"#)
    );
    assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    let request = signed_in(&gateway, Method::POST, "/v1/operator/revoke").await;
    let (response, body) = call(&gateway, request, "").await;
    assert_eq!(
        (response.status(), body.as_str()),
        (StatusCode::FORBIDDEN, r#"{"message":"Forbidden"}"#)
    );
    let request = Request::get("/v1/token");
    let (response, body) = call(&gateway, request, "").await;
    assert_eq!(
        (response.status(), body.as_str()),
        (StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#)
    );
}

/// A function that fails is an error that tells the caller nothing.
#[tokio::test]
async fn function_failure_tells_nothing() {
    let gateway = gateway();
    for path in ["/v1/token", "/v1/user"] {
        let request = signed_in(&gateway, Method::DELETE, path).await;
        let (response, body) = call(&gateway, request, "").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body, r#"{"message":"Internal Server Error"}"#);
    }
}

/// A page on a development server may read the response.
#[tokio::test]
async fn local_pages_read_the_response() {
    let preflight = Request::options("/v1/token")
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "POST");
    let (response, _) = call(&gateway(), preflight, "").await;
    assert_eq!(response.headers()["access-control-allow-origin"], "http://localhost:3000");
}

/// A refused sign-in names the rule, and a missing table is unhealthy.
#[tokio::test]
async fn refused_sign_in_names_the_rule() {
    let gateway = gateway();
    let sign_in = Request::post("/dev/sign-in");
    let (response, body) = call(&gateway, sign_in, r#"{"subject":""}"#).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    assert!(body.contains("subject must not be empty"), "{body}");
    let (response, body) = call(&gateway, Request::get("/health"), "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("the table does not answer"), "{body}");
}

mod success {
    use super::*;

    /// A request that is let through is found by the user's name.
    #[tokio::test]
    async fn names_the_user() {
        let (gateway, lines) = logged_gateway();
        let request = signed_in(&gateway, Method::POST, "/v1/token?access_token=secret").await;
        call(&gateway, request, "").await;
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("22:13:20  POST /v1/token  alice  200  "), "{lines:?}");
        assert!(!lines[0].contains("secret"), "{lines:?}");
    }
}
