//! The HTTP API in front of the functions.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer;
use crate::authorizer::Authorizer;
use crate::cors;
use crate::denied::Denied;
use crate::development;
use crate::event::{self, Reception};
use crate::event_bus::EventBus;
use crate::functions::Functions;
use crate::health::Health;
use crate::identity_provider::IdentityProvider;
use crate::request_body;
use crate::request_headers;
use crate::request_id::request_id;
use crate::routes::Routes;

/// Tells the time; `main` passes the system's.
pub type Clock = fn() -> Timestamp;

/// Where an answer says which request it is for, as the service does.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Everything a request may need.
#[derive(Debug)]
pub struct Gateway {
    /// The contract's routes.
    pub routes: Routes,
    /// Who is let through.
    pub authorizer: Authorizer,
    /// Who signs users in.
    pub provider: IdentityProvider,
    /// Who answers.
    pub functions: Functions,
    /// What carries identity events to the functions.
    pub event_bus: EventBus,
    /// The functions' environment.
    pub settings: BTreeMap<&'static str, String>,
    /// Whether the table and ACS are there.
    pub health: Health,
    /// Tells the time.
    pub clock: Clock,
}

/// The gateway's service.
pub fn router(gateway: Gateway) -> Router {
    development::routes().fallback(call).layer(cors::layer()).with_state(Arc::new(gateway))
}

/// A call of the contract, or of nothing.
async fn call(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let request_id = request_id();
    let (mut parts, body) = request.into_parts();
    request_headers::name_host(&mut parts);
    let mut response = gateway.answer(&parts, body, source, &request_id).await;
    if let Ok(request_id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    response
}

impl Gateway {
    async fn answer(
        &self,
        parts: &Parts,
        body: Body,
        source: SocketAddr,
        request_id: &str,
    ) -> Response {
        let now = (self.clock)();
        if request_headers::host(&parts.headers).is_none() {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Some(path) = event::decoded_path(parts) else {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        };
        let Some(matched) = self.routes.find(&parts.method, &path) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let authorized = match self.authorizer.authorize(&parts.headers, &matched.route.scopes, now)
        {
            Ok(authorized) => authorized,
            Err(denied) => return refusal(&denied),
        };
        let body = match request_body::whole(body).await {
            Ok(body) => body,
            Err((status, text)) => return message(status, text),
        };
        let reception = Reception {
            path: &path,
            matched: &matched,
            authorized: &authorized,
            request_id,
            source: source.ip(),
            now,
        };
        let event = event::from_request(parts, &body, &reception);
        let function = &matched.route.function;
        match self.functions.invoke(function, event, request_id, now).await {
            Ok(answer) => deliver(answer, function),
            Err(error) => failure(function, &error),
        }
    }
}

fn deliver(answer: Value, function: &str) -> Response {
    answer::into_response(answer).unwrap_or_else(|error| failure(function, &error))
}

/// The caller learns nothing, as on AWS; the log has the cause.
fn failure(function: &str, error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(function, error, "the invocation failed");
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn refusal(denied: &Denied) -> Response {
    let status = denied.status();
    let mut response = message(status, status.canonical_reason().unwrap_or_default());
    if let Ok(challenge) = HeaderValue::try_from(denied.challenge()) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// An answer of the gateway itself.
fn message(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message}))).into_response()
}

#[cfg(test)]
mod tests {
    use acs_broker_store_dynamodb::dynamo::{self, Access, Credentials, SharedCredentialsProvider};
    use axum::extract::connect_info::MockConnectInfo;
    use http::Method;
    use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
    use lambda_http::Service as _;

    use super::*;
    use crate::functions::{Failed, Function};
    use crate::identity_provider::AUDIENCE;
    use crate::routes::OPENAPI;
    use crate::signing_key::SigningKey;

    const ISSUER: &str = "http://127.0.0.1:8080";

    /// A gateway whose `issue` answers with its event, while `revoke` fails and `delete` is out of
    /// its mind. Its table and its ACS do not exist.
    fn gateway() -> Router {
        let key = SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap();
        let echo: Function = Arc::new(|event, _| {
            Box::pin(async move { Ok(json!({"statusCode": 200, "body": event.to_string()})) })
        });
        let failing: Function = Arc::new(|_, _| Box::pin(async { Err(Failed::TimedOut) }));
        let babbling: Function = Arc::new(|_, _| Box::pin(async { Ok(json!("secret")) }));
        let http = identity_client::http_client(None).unwrap();
        let nowhere = "http://127.0.0.1:1".to_owned();
        let credentials = Credentials::new("local", "local", None, None, "local");
        let access = Access {
            region: "local".to_owned(),
            credentials: SharedCredentialsProvider::new(credentials),
            endpoint_url: Some(nowhere.clone()),
        };
        let router = router(Gateway {
            routes: Routes::read(OPENAPI).unwrap(),
            authorizer: Authorizer::new(ISSUER.to_owned(), AUDIENCE.to_owned(), key.key_set()),
            provider: IdentityProvider::new(ISSUER.to_owned(), key),
            functions: Functions::new([("issue", echo), ("revoke", failing), ("delete", babbling)]),
            event_bus: EventBus::default(),
            settings: BTreeMap::new(),
            health: Health {
                table: dynamo::client(access, http.clone()),
                table_name: "none".to_owned(),
                acs: http,
                acs_url: nowhere,
            },
            clock: || Timestamp::constant(1_700_000_000, 0),
        });
        router.layer(MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))))
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

    #[tokio::test]
    async fn a_signed_in_user_reaches_the_function_with_the_request_id_that_is_answered() {
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

    #[tokio::test]
    async fn whoever_is_not_signed_in_not_an_operator_or_lost_is_told_so_as_on_aws() {
        let gateway = gateway();
        let (response, body) = call(&gateway, Request::post("/v1/token"), "").await;
        assert_eq!(
            (response.status(), body.as_str()),
            (StatusCode::UNAUTHORIZED, r#"{"message":"Unauthorized"}"#)
        );
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        let request = signed_in(&gateway, Method::DELETE, "/v1/users/bob").await;
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

    #[tokio::test]
    async fn a_path_that_cannot_be_decoded_is_refused() {
        let gateway = gateway();
        for path in ["/v1/users/%FF", "/v1/users/%", "/v1/users/%4", "/v1/users/%zz"] {
            let request = signed_in(&gateway, Method::DELETE, path).await;
            let (response, _) = call(&gateway, request, "").await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        }
    }

    #[tokio::test]
    async fn a_function_that_fails_is_an_error_that_tells_the_caller_nothing() {
        let gateway = gateway();
        for path in ["/v1/token", "/v1/user"] {
            let request = signed_in(&gateway, Method::DELETE, path).await;
            let (response, body) = call(&gateway, request, "").await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(body, r#"{"message":"Internal Server Error"}"#);
        }
    }

    #[tokio::test]
    async fn a_page_on_a_development_server_may_read_the_answer() {
        let preflight = Request::options("/v1/token")
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", "POST");
        let (response, _) = call(&gateway(), preflight, "").await;
        assert_eq!(response.headers()["access-control-allow-origin"], "http://localhost:3000");
    }

    #[tokio::test]
    async fn a_refused_sign_in_names_the_rule_and_a_missing_table_is_unhealthy() {
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
}
