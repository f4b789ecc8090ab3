//! Requests as an HTTP API hands them to a function: payload format 2.0.
//!
//! Source: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide.
//! Observed on the service, not in the guide: the path arrives decoded while the query does not,
//! and a body is text only under the media types of [`request_headers::say_text`]. Left out are the
//! headers `x-amzn-trace-id` and `x-forwarded-port`, which nothing here reads.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderName;
use http::header::{CONNECTION, COOKIE, TRANSFER_ENCODING, USER_AGENT};
use http::request::Parts;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::gateway::authorizer::Authorized;
use crate::gateway::request_headers;
use crate::gateway::routes::Route;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What the gateway knows about a request apart from the request itself.
#[derive(Debug)]
pub(crate) struct Reception<'a> {
    /// The path as routes and functions see it.
    pub path: &'a str,
    /// The route it found.
    pub route: &'a Route,
    /// What the authorizer passes on.
    pub authorized: &'a Authorized,
    /// The id the gateway gave the request.
    pub request_id: &'a str,
    /// Where the request came from.
    pub source: IpAddr,
    /// When it came.
    pub now: Timestamp,
}

/// Returns the event for a request with its whole body.
#[must_use]
pub(crate) fn from_request(parts: &Parts, body: &Bytes, reception: &Reception<'_>) -> Value {
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": reception.route.key(),
        "rawPath": reception.path,
        "rawQueryString": query,
        "headers": headers(parts, reception),
        "requestContext": request_context(parts, reception),
        "isBase64Encoded": false,
    });
    let mut put = |name: &str, value: Value| {
        if let Some(event) = event.as_object_mut() {
            event.insert(name.to_owned(), value);
        }
    };
    let cookies = request_headers::cookies(&parts.headers);
    if !cookies.is_empty() {
        put("cookies", json!(cookies));
    }
    if !query.is_empty() {
        put("queryStringParameters", json!(query_parameters(query)));
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(text) if request_headers::say_text(&parts.headers) => put("body", json!(text)),
            _ => {
                put("body", json!(STANDARD.encode(body)));
                put("isBase64Encoded", json!(true));
            }
        }
    }
    event
}

fn request_context(parts: &Parts, reception: &Reception<'_>) -> Value {
    let domain = request_headers::host(&parts.headers).unwrap_or_default();
    json!({
        "accountId": "000000000000",
        "apiId": "local",
        "authorizer": {
            "jwt": {
                "claims": reception.authorized.claims,
                "scopes": reception.authorized.scopes,
            },
        },
        "domainName": domain,
        "domainPrefix": domain.split('.').next(),
        "http": {
            "method": parts.method.as_str(),
            "path": reception.path,
            "protocol": format!("{:?}", parts.version),
            "sourceIp": reception.source,
            "userAgent": request_headers::joined(&parts.headers, &USER_AGENT).unwrap_or_default(),
        },
        "requestId": reception.request_id,
        "routeKey": reception.route.key(),
        "stage": "$default",
        "time": reception.now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "timeEpoch": reception.now.as_millisecond(),
    })
}

/// Lower-case names, repeated headers joined by commas, cookies apart, and the headers that the
/// service adds.
fn headers(parts: &Parts, reception: &Reception<'_>) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        if ![COOKIE, CONNECTION, TRANSFER_ENCODING].contains(name) {
            let value = request_headers::joined(&parts.headers, name).unwrap_or_default();
            headers.insert(name.as_str().to_owned(), Value::String(value));
        }
    }
    let forwarded = match request_headers::joined(&parts.headers, &FORWARDED_FOR) {
        Some(earlier) => format!("{earlier}, {}", reception.source),
        None => reception.source.to_string(),
    };
    headers.insert(FORWARDED_FOR.to_string(), Value::String(forwarded));
    headers.insert("x-forwarded-proto".to_owned(), Value::String("http".to_owned()));
    headers
}

/// Decoded; the values of a repeated parameter are joined by commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::<String, String>::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    parameters
}

#[cfg(test)]
mod tests {
    use http::{Method, Request};

    use super::*;
    use crate::gateway::path::routed_path;
    use crate::gateway::routes::{OPENAPI, Routes};

    /// The event of `curl -X <method> <uri>` with these headers and this body.
    fn event(method: Method, uri: &str, headers: &[(&str, &str)], body: &'static str) -> Value {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let routes = Routes::read(OPENAPI).unwrap();
        let path = routed_path(parts.uri.path()).unwrap();
        let route = routes.find(&parts.method, &path).unwrap();
        let claims = BTreeMap::from([("sub".to_owned(), "alice".to_owned())]);
        let reception = Reception {
            path: &path,
            route,
            authorized: &Authorized { claims, scopes: None },
            request_id: "JKJaXmPLvHcESHA=",
            source: IpAddr::from([127, 0, 0, 1]),
            now: Timestamp::constant(1_787_992_403, 7_000_000),
        };
        from_request(&parts, &Bytes::from_static(body.as_bytes()), &reception)
    }

    /// An event has the shape of one recorded behind a real HTTP API.
    #[test]
    fn event_has_the_recorded_shape() {
        let headers = [
            ("Accept", "*/*"),
            ("Authorization", "Bearer jwt"),
            ("Content-Type", "application/json"),
            ("Host", "localhost:8080"),
            ("User-Agent", "curl/8"),
        ];
        assert_eq!(
            event(Method::POST, "/v1/token", &headers, r#"{"scopes":["chat"]}"#),
            json!({
                "version": "2.0",
                "routeKey": "POST /v1/token",
                "rawPath": "/v1/token",
                "rawQueryString": "",
                "headers": {
                    "accept": "*/*",
                    "authorization": "Bearer jwt",
                    "content-type": "application/json",
                    "host": "localhost:8080",
                    "user-agent": "curl/8",
                    "x-forwarded-for": "127.0.0.1",
                    "x-forwarded-proto": "http",
                },
                "requestContext": {
                    "accountId": "000000000000",
                    "apiId": "local",
                    "authorizer": {"jwt": {"claims": {"sub": "alice"}, "scopes": null}},
                    "domainName": "localhost",
                    "domainPrefix": "localhost",
                    "http": {
                        "method": "POST",
                        "path": "/v1/token",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "curl/8",
                    },
                    "requestId": "JKJaXmPLvHcESHA=",
                    "routeKey": "POST /v1/token",
                    "stage": "$default",
                    "time": "29/Aug/2026:08:33:23 +0000",
                    "timeEpoch": 1_787_992_403_007_i64,
                },
                "body": r#"{"scopes":["chat"]}"#,
                "isBase64Encoded": false,
            })
        );
    }

    /// Repeated headers, parameters and cookies all reach the function.
    #[test]
    fn repeated_values_reach_the_function() {
        let headers =
            [("X-Trace", "a"), ("x-trace", "b"), ("Cookie", "a=1; b=2"), ("Cookie", "c=3")];
        let event = event(Method::DELETE, "/v1/token?k=a%20b&k=c&empty", &headers, "");
        assert_eq!(event["headers"]["x-trace"], "a,b");
        assert_eq!(event["headers"]["cookie"], Value::Null);
        assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
        assert_eq!(event["rawQueryString"], "k=a%20b&k=c&empty");
        assert_eq!(event["queryStringParameters"], json!({"k": "a b,c", "empty": ""}));
        assert_eq!(event.get("body"), None);
    }

    /// A body is text only under the media types that the service knows as text.
    #[test]
    fn body_is_text_by_media_type() {
        for (media_type, is_text) in [
            ("application/json; charset=utf-8", true),
            ("Application/JSON", true),
            ("text/plain", true),
            ("application/xml", true),
            ("application/x-www-form-urlencoded", false),
            ("application/merge-patch+json", false),
        ] {
            let event = event(Method::POST, "/v1/token", &[("content-type", media_type)], "{}");
            assert_eq!(event["isBase64Encoded"], !is_text, "{media_type}");
            assert_eq!(event["body"], if is_text { "{}" } else { "e30=" }, "{media_type}");
        }
        assert_eq!(event(Method::POST, "/v1/token", &[], "{}")["isBase64Encoded"], true);
    }

    /// The functions' own parser reads the event.
    #[test]
    fn functions_parser_reads_the_event() {
        let text = event(Method::DELETE, "/v1/user?x=%20", &[], "").to_string();
        assert!(serde_json::from_str::<acs_broker_lambda::HttpRequest>(&text).is_ok());
    }
}
