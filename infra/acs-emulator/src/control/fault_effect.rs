//! The effect of a fault: how it changes the operation's response and delivery.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::error::FaultError;
use crate::response::Delivery;
use crate::service::error::error_body;
use crate::service::response::ServiceResponse;
use crate::service::route::Operation;

/// The page that Azure Front Door sends when the service behind it does not respond.
const FRONT_DOOR: &str = "<!DOCTYPE html><html><head><title>Service unavailable</title></head>\
    <body><h2>Our services aren't available right now</h2><p>We're working to restore all \
    services as soon as possible. Please check back soon.</p></body></html>";

/// The value of `expiresOn` in a response that `corruptExpiresOn` has changed.
const CORRUPT_EXPIRES_ON: &str = "not a date";

/// The effect of a fault: at most one of `status`, `drop`, `truncate`, `omitAccessToken` and
/// `corruptExpiresOn`, and a delay if wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Effect {
    /// Respond with this status instead.
    status: Option<u16>,
    /// The body that goes with `status`.
    body: Option<BodyKind>,
    /// `Retry-After`, in seconds, that goes with `status`.
    retry_after: Option<u64>,
    /// Close the connection without a response.
    #[serde(default)]
    drop: bool,
    /// Whether `status` or `drop` comes before the operation takes effect or after.
    when: Option<When>,
    /// Send only this many bytes of the body, then close the connection.
    truncate: Option<usize>,
    /// Leave `accessToken` out of the response to a creation.
    #[serde(default)]
    omit_access_token: bool,
    /// Respond with an `expiresOn` that is not a date.
    #[serde(default)]
    corrupt_expires_on: bool,
    /// Wait before the response is sent.
    #[serde(default)]
    delay_ms: u64,
}

/// The body that goes with `status`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum BodyKind {
    /// An error in the form of the service.
    Json,
    /// A page of Azure Front Door.
    Html,
    /// An empty body.
    Empty,
    /// `{}`.
    #[serde(rename = "{}")]
    EmptyObject,
}

/// The moment of a fault, beside that of the operation's effect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum When {
    BeforeEffect,
    AfterEffect,
}

impl Effect {
    /// Checks that the members fit each other and `operation` (`None` for any operation).
    pub(super) fn check(&self, operation: Option<Operation>) -> Result<(), FaultError> {
        let kinds = [
            self.status.is_some(),
            self.drop,
            self.truncate.is_some(),
            self.omit_access_token,
            self.corrupt_expires_on,
        ];
        let chosen = kinds.into_iter().filter(|chosen| *chosen).count();
        let has_status_members = self.body.is_some() || self.retry_after.is_some();
        let can_create = matches!(operation, None | Some(Operation::Create));
        let can_issue = can_create || operation == Some(Operation::Issue);
        if chosen > 1 {
            Err(FaultError::SeveralEffects)
        } else if chosen == 0 && self.delay_ms == 0 {
            Err(FaultError::EmptyEffect)
        } else if self.status.is_some_and(|status| !(200..600).contains(&status)) {
            Err(FaultError::StatusRange)
        } else if self.status.is_none() && has_status_members {
            Err(FaultError::StatusMissing)
        } else if self.when.is_some() && self.status.is_none() && !self.drop {
            Err(FaultError::WhenMisplaced)
        } else if self.omit_access_token && !can_create {
            Err(FaultError::OmitAccessTokenMisplaced)
        } else if self.corrupt_expires_on && !can_issue {
            Err(FaultError::CorruptExpiresOnMisplaced)
        } else {
            Ok(())
        }
    }

    /// Whether the operation must not take effect.
    pub(crate) fn prevents_operation(&self) -> bool {
        (self.status.is_some() || self.drop) && self.when != Some(When::AfterEffect)
    }

    /// Replaces or changes the operation's response.
    pub(crate) fn apply(&self, response: ServiceResponse) -> ServiceResponse {
        if let Some(status) = self.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            self.error_response(status)
        } else if self.omit_access_token {
            change_body(response, omit_access_token)
        } else if self.corrupt_expires_on {
            change_body(response, corrupt_expires_on)
        } else {
            response
        }
    }

    /// The time to wait before the response is sent.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// The part of a response with this body that is sent. A response with an empty body cannot be
    /// truncated, so it is dropped.
    pub(crate) fn delivery(&self, body: &Bytes) -> Delivery {
        match self.truncate {
            Some(_) if body.is_empty() => Delivery::Dropped,
            Some(bytes) => Delivery::Truncated(bytes.min(body.len() - 1)),
            None if self.drop => Delivery::Dropped,
            None => Delivery::Whole,
        }
    }

    fn error_response(&self, status: StatusCode) -> ServiceResponse {
        let (content_type, body) = match self.body.unwrap_or(BodyKind::Json) {
            BodyKind::Json => (Some("application/json"), json_error(status).into()),
            BodyKind::Html => (Some("text/html"), Bytes::from_static(FRONT_DOOR.as_bytes())),
            BodyKind::Empty => (None, Bytes::new()),
            BodyKind::EmptyObject => (Some("application/json"), Bytes::from_static(b"{}")),
        };
        let retry_after = self.retry_after;
        ServiceResponse { status, content_type, body, retry_after, reports_versions: false }
    }
}

/// Changes a JSON body. Other bodies, such as the empty one of a deletion, stay as they are.
fn change_body(response: ServiceResponse, change: fn(&mut Value)) -> ServiceResponse {
    let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return response };
    change(&mut body);
    ServiceResponse { body: body.to_string().into(), ..response }
}

fn omit_access_token(body: &mut Value) {
    if let Some(members) = body.as_object_mut() {
        members.remove("accessToken");
    }
}

/// A creation has the token in `accessToken`, an issue at the top.
fn corrupt_expires_on(body: &mut Value) {
    for pointer in ["/accessToken/expiresOn", "/expiresOn"] {
        if let Some(expires_on) = body.pointer_mut(pointer) {
            *expires_on = Value::from(CORRUPT_EXPIRES_ON);
        }
    }
}

fn json_error(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = reason.replace([' ', '-'], "");
    error_body(&code, &format!("{reason}.")).to_string()
}
