//! Every way the service says no, with the status and the words it says it in.
//!
//! Texts are verbatim where a recorded session or a user's report has them. Those marked
//! *inferred* are not: no public source shows them.

use http::StatusCode;
use serde_json::{Value, json};

/// Why a request was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// `x-ms-content-sha256` is not the body's hash.
    ContentHash,
    /// Authentication failed otherwise. (Reported for Email at the same gateway; inferred here.)
    Denied,
    /// No api-version. (Inferred from the ASP.NET library that answers.)
    VersionUnspecified,
    /// No such api-version, or the operation is not in it.
    VersionUnsupported { url: String, version: String },
    /// More than one api-version. (Inferred from the ASP.NET library that answers.)
    VersionAmbiguous { versions: String },
    /// The identity is another resource's, or no identity at all.
    IdentityNotOwned,
    /// The identity never was or is deleted. (Recorded text; status and code inferred.)
    IdentityNotFound,
    /// `scopes` is null or missing.
    ScopesMissing,
    /// `scopes` is `[]`.
    ScopesEmpty,
    /// A scope the api-version does not know. (Inferred.)
    ScopeUnknown { scope: String },
    /// `expiresInMinutes` is out of range.
    Lifetime { minutes: i64 },
    /// The body is missing, no JSON, or of another shape. (Inferred.)
    Body { problem: String },
    /// A quota is used up. (Status documented; body and `Retry-After` inferred.)
    TooManyRequests { retry_after: u64 },
    /// No such path. (Inferred.)
    NoRoute,
    /// No such method on this path. (Inferred.)
    MethodNotAllowed,
    /// The emulator cannot sign a token.
    Internal,
}

impl Refusal {
    pub(crate) fn unsupported_version(url: &str, version: &str) -> Self {
        Self::VersionUnsupported { url: url.to_owned(), version: version.to_owned() }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::ContentHash | Self::Denied | Self::IdentityNotOwned => StatusCode::UNAUTHORIZED,
            Self::VersionUnspecified
            | Self::VersionUnsupported { .. }
            | Self::VersionAmbiguous { .. }
            | Self::ScopesMissing
            | Self::ScopesEmpty
            | Self::ScopeUnknown { .. }
            | Self::Lifetime { .. }
            | Self::Body { .. } => StatusCode::BAD_REQUEST,
            Self::IdentityNotFound | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The body, where there is one.
    pub(crate) fn body(&self) -> Option<Value> {
        Some(match self {
            Self::ContentHash => error(
                "Denied",
                "Request 'x-ms-content-sha256' differs from generated content hash.",
            ),
            Self::Denied => error("Denied", "Denied by the resource provider."),
            Self::VersionUnspecified => version_error(
                "ApiVersionUnspecified",
                "An API version is required, but was not specified.",
            ),
            Self::VersionUnsupported { url, version } => version_error(
                "UnsupportedApiVersion",
                &format!(
                    "The HTTP resource that matches the request URI '{url}' does not support \
                     the API version '{version}'."
                ),
            ),
            Self::VersionAmbiguous { versions } => version_error(
                "AmbiguousApiVersion",
                &format!(
                    "The following API versions were requested: {versions}. At most, only a \
                     single API version may be specified. Please update the intended API version \
                     and retry the request."
                ),
            ),
            Self::IdentityNotOwned => {
                error("IdentityNotOwned", "Provided identity doesn't belong to the resource.")
            }
            Self::IdentityNotFound => error("IdentityNotFound", "Provided identity doesn't exist."),
            Self::ScopesMissing => invalid("Scopes: The Scopes field is required.", "Scopes"),
            Self::ScopesEmpty => invalid("Invalid scopes - Scopes field is required.", "scopes"),
            Self::ScopeUnknown { scope } => {
                invalid(&format!("Invalid scopes - Scope {scope} is not supported."), "scopes")
            }
            Self::Lifetime { minutes } => invalid(
                &format!(
                    "ExpiresInMinutes value {minutes} is invalid. Value must be within the \
                     [60, 1440] interval."
                ),
                "ExpiresInMinutes",
            ),
            Self::Body { problem } => invalid(problem, "body"),
            Self::TooManyRequests { .. } => error("TooManyRequests", "Too many requests."),
            Self::Internal => error("InternalServerError", "Internal server error."),
            Self::NoRoute | Self::MethodNotAllowed => return None,
        })
    }

    /// The value of `Retry-After`, in seconds.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// Whether the answer lists the supported versions: those of the gateway before the service
    /// do not.
    pub(crate) fn reports_versions(&self) -> bool {
        !matches!(self, Self::ContentHash | Self::Denied | Self::TooManyRequests { .. })
    }
}

/// The body of an ACS error.
pub(crate) fn error(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

fn invalid(message: &str, target: &str) -> Value {
    json!({ "error": { "code": "ValidationError", "message": message, "target": target } })
}

/// The body of ASP.NET's versioning library.
fn version_error(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message, "innerError": null } })
}
