//! The responses of the service: every error with its exact message, headers and quotas.

use std::time::Duration;

use acs_emulator::Settings;
use serde_json::{Value, json};

use crate::harness::{GA, PREVIEW, Resource};

fn refused(resource: &Resource, method: &str, target: &str, body: &Value) -> (u16, Value) {
    let response = resource.call(method, target, body);
    assert!(response.entries.is_empty(), "a refused request changed something");
    (response.status.as_u16(), response.body)
}

fn invalid(message: &str, target: &str) -> (u16, Value) {
    let error = json!({ "code": "ValidationError", "message": message, "target": target });
    (400, json!({ "error": error }))
}

/// A lifetime out of range is refused with the recorded message.
#[test]
fn lifetime_out_of_range_is_refused() {
    let resource = Resource::new();
    let target = format!("/identities?api-version={GA}");
    for minutes in [59, 1441, 0, -1] {
        let body = json!({ "createTokenWithScopes": ["chat"], "expiresInMinutes": minutes });
        let message = format!(
            "ExpiresInMinutes value {minutes} is invalid. Value must be within the [60, 1440] \
             interval."
        );
        assert_eq!(
            refused(&resource, "POST", &target, &body),
            invalid(&message, "ExpiresInMinutes")
        );
    }
}

/// Missing, empty and unknown scopes are refused, each with a message of its own.
#[test]
fn bad_scopes_have_distinct_messages() {
    let resource = Resource::new();
    let identity = resource.create();
    let target = format!("/identities/{identity}/:issueAccessToken?api-version={GA}");
    let refused = |body| refused(&resource, "POST", &target, &body);

    let missing = invalid("Scopes: The Scopes field is required.", "Scopes");
    assert_eq!(refused(json!({ "scopes": null, "expiresInMinutes": null })), missing);
    assert_eq!(refused(json!({})), missing);
    let empty = invalid("Invalid scopes - Scopes field is required.", "scopes");
    assert_eq!(refused(json!({ "scopes": [] })), empty);
    let unknown = invalid("Invalid scopes - Scope pstn is not supported.", "scopes");
    assert_eq!(refused(json!({ "scopes": ["chat", "pstn"] })), unknown);
}

/// A body of another shape is refused.
#[test]
fn body_of_other_shape_is_refused() {
    let resource = Resource::new();
    let identity = resource.create();
    let issue = format!("/identities/{identity}/:issueAccessToken?api-version={GA}");
    for body in [json!(null), json!([]), json!({ "scopes": "chat" }), json!({ "scopes": [1] })] {
        let (status, response) = refused(&resource, "POST", &issue, &body);
        assert_eq!(
            (status, &response["error"]["code"]),
            (400, &json!("ValidationError")),
            "{body}"
        );
    }
    let minutes = json!({ "createTokenWithScopes": ["chat"], "expiresInMinutes": "60" });
    let create = format!("/identities?api-version={GA}");
    assert_eq!(refused(&resource, "POST", &create, &minutes).0, 400);
}

/// The bodies that SDKs send for "no members" are accepted.
#[test]
fn empty_bodies_of_sdks_are_accepted() {
    let resource = Resource::new();
    let create = format!("/identities?api-version={GA}");
    for body in [json!(null), json!({}), json!({ "createTokenWithScopes": [] })] {
        let response = resource.call("POST", &create, &body);
        assert_eq!(response.status, 201, "{body}");
        assert_eq!(response.body.as_object().unwrap().len(), 1);
    }
    let identity = resource.create();
    let issue = format!("/identities/{identity}/:issueAccessToken?api-version={GA}");
    let body = json!({ "scopes": ["chat"], "expiresInMinutes": null });
    assert_eq!(resource.call("POST", &issue, &body).status, 200);
}

/// An identity of another resource is 401. One of this resource that never existed is 404.
#[test]
fn foreign_identity_differs_from_unknown() {
    let resource = Resource::new();
    let own =
        format!("8:acs:{}_00000000-0000-0000-0000-000000000000", resource.settings.resource_id);
    let not_owned = json!({ "error": {
        "code": "IdentityNotOwned",
        "message": "Provided identity doesn't belong to the resource.",
    } });
    let not_found = json!({ "error": {
        "code": "IdentityNotFound", "message": "Provided identity doesn't exist.",
    } });
    let foreign =
        "8%3Aacs%3A00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000";
    for (method, action) in
        [("POST", "/:issueAccessToken"), ("POST", "/:revokeAccessTokens"), ("DELETE", "")]
    {
        let refused = |identity: &str| {
            let target = format!("/identities/{identity}{action}?api-version={GA}");
            refused(&resource, method, &target, &json!({ "scopes": ["chat"] }))
        };
        assert_eq!(refused(foreign), (401, not_owned.clone()));
        assert_eq!(refused("somebody"), (401, not_owned.clone()));
        assert_eq!(refused(&own), (404, not_found.clone()));
    }
}

/// A missing or unknown version is refused as ASP.NET does.
#[test]
fn unsupported_version_is_refused() {
    let resource = Resource::new();
    let missing = json!({ "error": {
        "code": "ApiVersionUnspecified",
        "message": "An API version is required, but was not specified.", "innerError": null,
    } });
    let unsupported = |path: &str, version: &str| {
        let message = format!(
            "The HTTP resource that matches the request URI 'https://localhost:1{path}' does not \
             support the API version '{version}'."
        );
        let code = "UnsupportedApiVersion";
        json!({ "error": { "code": code, "message": message, "innerError": null } })
    };
    let refused = |method, target: &str| refused(&resource, method, target, &Value::Null);

    assert_eq!(refused("POST", "/identities"), (400, missing));
    let never = unsupported("/identities", "2019-01-01");
    assert_eq!(refused("POST", "/identities?api-version=2019-01-01"), (400, never));
    let not_yet = unsupported("/identities/x/:issueAccessToken", PREVIEW);
    let target = format!("/identities/x/:issueAccessToken?api-version={PREVIEW}");
    assert_eq!(refused("POST", &target), (400, not_yet));
    let no_more = unsupported("/identities/x/token", GA);
    assert_eq!(refused("POST", &format!("/identities/x/token?api-version={GA}")), (400, no_more));
}

/// A version ignores members that it does not have, and refuses scopes that it does not have.
#[test]
fn version_limits_members_and_scopes() {
    let resource = Resource::new();
    let create = |version: &str, body| {
        resource.call("POST", &format!("/identities?api-version={version}"), &body)
    };

    let early =
        create("2022-06-01", json!({ "createTokenWithScopes": ["chat"], "expiresInMinutes": 1 }));
    assert_eq!(early.body["accessToken"]["expiresOn"], "2026-11-24T00:00:00.25+00:00");
    let joining =
        json!({ "createTokenWithScopes": ["chat.join", "voip.join", "chat.join.limited"] });
    assert_eq!(create("2022-10-01", joining.clone()).status, 400);
    assert_eq!(create("2023-10-01", joining).status, 201);
}

/// Every response has the headers of the recorded ones.
#[test]
fn every_response_has_recorded_headers() {
    let resource = Resource::new();
    let target = format!("/identities?api-version={GA}");
    let key = &resource.settings.access_keys[0];
    let mut request = crate::harness::signed(key, "POST", &target, "", "h", resource.now.get());
    request.headers_mut().insert("x-ms-client-request-id", "7".parse().unwrap());

    let response = resource.send(&request).response;

    let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
    assert_eq!(header("strict-transport-security"), "max-age=2592000");
    assert_eq!(header("request-context"), "appId=");
    assert_eq!(header("x-ms-client-request-id"), "7");
    assert!(
        header("api-supported-versions").starts_with("2020-07-20-preview2, 2021-02-22-preview1")
    );
    assert!(header("x-processing-time").ends_with("ms"));
    assert_eq!(header("ms-cv").len(), "AAAAAAAAAAAAAAAAAAAAAA.0".len());
}

/// A used up quota gives 429 until its window has passed.
#[test]
fn used_up_quota_is_429() {
    let mut settings = Settings::simulated(1);
    settings.enforce_quotas = true;
    let resource = Resource::with(settings);
    let identity = resource.create();
    for _ in 0..500 {
        resource.revoke(&identity);
    }

    let target = format!("/identities/{identity}/:revokeAccessTokens?api-version={GA}");
    let key = &resource.settings.access_keys[0];
    let request = crate::harness::signed(key, "POST", &target, "", "h", resource.now.get());
    let response = resource.send(&request);
    assert_eq!(response.response.status(), 429);
    assert_eq!(response.response.headers()["retry-after"], "30");
    resource.issue(&identity);
    resource.pass(Duration::from_secs(30));
    resource.revoke(&identity);
}
