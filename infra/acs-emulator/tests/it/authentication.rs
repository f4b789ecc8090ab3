//! Authentication: the signatures that are accepted, and the errors of the rest.

use std::time::Duration;

use acs_emulator::{AccessKey, Settings};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::harness::{GA, Resource, read, sign, signed};

const CREATE: &str = "/identities?api-version=2023-10-01";

fn request(resource: &Resource) -> Request<Bytes> {
    signed(&resource.settings.access_keys[0], "POST", CREATE, "", "localhost:1", resource.now.get())
}

/// Checks that the request is denied with the service's message, and that the log names this
/// check.
fn assert_denied(resource: &Resource, request: &Request<Bytes>, check: &str) -> Value {
    let response = read(resource.send(request));
    assert_eq!(response.status, 401);
    let denied = json!({ "code": "Denied", "message": "Denied by the resource provider." });
    assert_eq!(response.body, json!({ "error": denied }));
    last_denial(resource, check)
}

/// Returns the last failed authentication, and checks that it names this check.
fn last_denial(resource: &Resource, check: &str) -> Value {
    let denials = resource.control("GET", "denials", &Value::Null).body;
    let last = denials["denials"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["check"], check);
    last
}

/// Each failed check is named in the log. The response never names it.
#[test]
fn failed_check_is_only_in_log() {
    let resource = Resource::new();
    for (header, value, check) in [
        ("authorization", None, "authorization header"),
        ("authorization", Some("Bearer x"), "authorization header"),
        ("authorization", Some("HMAC-SHA256 SignedHeaders=host"), "authorization header"),
        ("x-ms-content-sha256", None, "content hash header"),
        ("x-ms-date", None, "date"),
        ("x-ms-date", Some("yesterday"), "date"),
        (
            "authorization",
            Some("HMAC-SHA256 SignedHeaders=x-ms-date&Signature=AA=="),
            "signed headers",
        ),
    ] {
        let mut request = request(&resource);
        request.headers_mut().remove(header);
        if let Some(value) = value {
            request.headers_mut().insert(header, value.parse().unwrap());
        }
        assert_denied(&resource, &request, check);
    }
}

/// A wrong signature is logged with the string to sign, and without a secret.
#[test]
fn wrong_signature_shows_string_to_sign() {
    let resource = Resource::new();
    let stranger: AccessKey = "AAAA".parse().unwrap();
    let request = signed(&stranger, "POST", CREATE, "", "localhost:1", resource.now.get());

    let denial = assert_denied(&resource, &request, "signature");

    let text = "POST\n/identities?api-version=2023-10-01\nMon, 23 Nov 2026 00:00:00 \
                GMT;localhost:1;47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_eq!(denial["stringToSign"], text);
    for key in &resource.settings.access_keys {
        assert!(!denial.to_string().contains(&key.secret()));
        assert!(!denial.to_string().contains(&sign(key, text)));
    }
}

/// A body that was changed on the way has an error of its own.
#[test]
fn changed_body_has_its_own_error() {
    let resource = Resource::new();
    let mut request = request(&resource);
    *request.body_mut() = Bytes::from_static(b"{}");

    let response = read(resource.send(&request));

    assert_eq!(response.status, 401);
    let message = "Request 'x-ms-content-sha256' differs from generated content hash.";
    assert_eq!(response.body, json!({ "error": { "code": "Denied", "message": message } }));
    last_denial(&resource, "content hash");
}

/// A date may be 15 minutes off, either way, and not more.
#[test]
fn date_may_differ_by_fifteen_minutes() {
    let resource = Resource::new();
    let request = request(&resource);

    resource.pass(Duration::from_mins(15) - Duration::from_secs(1));
    assert_eq!(resource.send(&request).response.status(), 201);
    resource.pass(Duration::from_secs(2));
    assert_denied(&resource, &request, "date");
}

/// The same signature may come twice.
#[test]
fn same_signature_may_come_twice() {
    let resource = Resource::new();
    let request = request(&resource);

    assert_eq!(resource.send(&request).response.status(), 201);
    assert_eq!(resource.send(&request).response.status(), 201);
}

/// The documented faults of real SDKs are accepted.
#[test]
fn documented_sdk_faults_are_accepted() {
    let resource = Resource::new();
    let without_slash = CREATE.strip_prefix('/').unwrap();
    for (received_host, signed_host, signed_target) in [
        ("localhost:1:1", "localhost:1:1", CREATE),
        ("localhost:1", "localhost", CREATE),
        ("localhost:1", "localhost:1", without_slash),
    ] {
        let mut request = request(&resource);
        let date = request.headers()["x-ms-date"].to_str().unwrap();
        let hash = request.headers()["x-ms-content-sha256"].to_str().unwrap();
        let text = format!("POST\n{signed_target}\n{date};{signed_host};{hash}");
        let signature = sign(&resource.settings.access_keys[0], &text);
        let headers = "x-ms-date;host;x-ms-content-sha256";
        let authorization = format!("HMAC-SHA256 SignedHeaders={headers}&Signature={signature}");
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        request.headers_mut().insert("host", received_host.parse().unwrap());
        assert_eq!(resource.send(&request).response.status(), 201, "{text}");
    }
}

/// A slash after the host is accepted with lenient authentication only.
#[test]
fn slash_after_host_needs_lenient_auth() {
    let mut lenient = Settings::simulated(1);
    lenient.lenient_auth = true;
    let (strict, lenient) = (Resource::new(), Resource::with(lenient));
    let key = &strict.settings.access_keys[0];
    let mut request = signed(key, "POST", CREATE, "", "localhost:1/", strict.now.get());
    request.headers_mut().insert("host", "localhost:1".parse().unwrap());

    assert_denied(&strict, &request, "signature");
    assert_eq!(lenient.send(&request).response.status(), 201);
}

/// Authentication comes before everything else, even for unknown paths.
#[test]
fn authentication_comes_before_everything_else() {
    let resource = Resource::new();
    for target in ["/", "/identities", "/identities/x?api-version=1", "/teamsUser/x"] {
        let request = Request::get(target).body(Bytes::new()).unwrap();
        assert_denied(&resource, &request, "authorization header");
    }
    let teams = format!("/teamsUser/:exchangeAccessToken?api-version={GA}");
    assert_eq!(resource.call("POST", &teams, &json!({})).status, 404);
}
