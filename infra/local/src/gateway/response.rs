//! A function's response in payload format 2.0 as the HTTP response that the gateway sends.

use std::collections::BTreeMap;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The function's response is not one that the gateway can send.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResponseError {
    /// It is not of payload format 2.0.
    #[error("the response is not in payload format 2.0")]
    Shape(#[source] serde_json::Error),
    /// The body is not the base64 it is said to be.
    #[error("the response's body is not base64")]
    Body(#[source] base64::DecodeError),
    /// A status, header or cookie that HTTP does not allow.
    #[error("the response's status or a header is not valid")]
    Head(#[source] http::Error),
}

/// Returns the HTTP response that a payload stands for.
///
/// # Errors
/// [`ResponseError`], on which the service responds with 500.
pub(crate) fn into_response(payload: Value) -> Result<Response<Body>, ResponseError> {
    let payload: Payload = serde_json::from_value(payload).map_err(ResponseError::Shape)?;
    let body = if payload.is_base64_encoded {
        STANDARD.decode(payload.body).map_err(ResponseError::Body)?
    } else {
        payload.body.into_bytes()
    };
    let cookies = payload.cookies.into_iter().map(|cookie| (SET_COOKIE.to_string(), cookie));
    let repeated = payload
        .multi_value_headers
        .into_iter()
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(payload.status_code)
        .map_err(|source| ResponseError::Head(source.into()))?;
    for (name, value) in payload.headers.into_iter().chain(repeated).chain(cookies) {
        let name =
            HeaderName::try_from(name).map_err(|source| ResponseError::Head(source.into()))?;
        let value =
            HeaderValue::try_from(value).map_err(|source| ResponseError::Head(source.into()))?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn body(response: Response<Body>) -> Vec<u8> {
        axum::body::to_bytes(response.into_body(), 1024).await.unwrap().to_vec()
    }

    /// Status, headers, cookies and body of a response reach the client.
    #[tokio::test]
    async fn every_part_reaches_the_client() {
        let response = into_response(json!({
            "statusCode": 401,
            "headers": {"content-type": "application/problem+json"},
            "multiValueHeaders": {"vary": ["origin", "accept"]},
            "cookies": ["a=1; Secure", "b=2"],
            "body": "{}",
            "isBase64Encoded": false,
        }))
        .unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let all = |name: &str| response.headers().get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all("vary"), ["origin", "accept"]);
        assert_eq!(all("set-cookie"), ["a=1; Secure", "b=2"]);
        assert_eq!(body(response).await, b"{}");
    }

    /// A body in base64 reaches the client as bytes.
    #[tokio::test]
    async fn base64_body_is_decoded() {
        let payload = json!({"statusCode": 200, "body": "AP8=", "isBase64Encoded": true});
        assert_eq!(body(into_response(payload).unwrap()).await, [0, 255]);
    }

    /// A response without a body is empty.
    #[tokio::test]
    async fn missing_body_is_empty() {
        let response = into_response(json!({"statusCode": 204, "cookies": []})).unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert!(body(response).await.is_empty());
    }

    /// JSON that is not a response of payload format 2.0 is refused, as on AWS.
    #[test]
    fn malformed_response_is_refused() {
        for payload in [
            json!("hello"),
            json!({"body": "no status"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "headers": {"bad name": "x"}}),
            json!({"statusCode": 200, "headers": {"x": "line\nbreak"}}),
            json!({"statusCode": 200, "body": "%", "isBase64Encoded": true}),
        ] {
            assert!(into_response(payload.clone()).is_err(), "{payload}");
        }
    }
}
