//! Every error response of the service, with its status and its text.
//!
//! Texts are verbatim where a recorded session or a user's report has them. Those marked
//! *inferred* have no public source.

use http::StatusCode;
use serde_json::{Value, json};

use crate::service::auth::AuthenticationError;

/// The reason why a request is refused. `Display` is the message that the service sends.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ServiceError {
    /// Authentication failed. (A failed content hash is recorded. The rest is reported for Email
    /// at the same gateway and inferred here.)
    #[error("{}", .0.public_message())]
    Unauthenticated(AuthenticationError),
    /// The api-version is missing. (Inferred from the ASP.NET library that responds.)
    #[error("An API version is required, but was not specified.")]
    VersionUnspecified,
    /// The api-version does not exist, or the operation is not in it.
    #[error(
        "The HTTP resource that matches the request URI '{url}' does not support the API version \
         '{version}'."
    )]
    VersionUnsupported { url: String, version: String },
    /// More than one api-version. (Inferred from the ASP.NET library that responds.)
    #[error(
        "The following API versions were requested: {versions}. At most, only a single API version \
         may be specified. Please update the intended API version and retry the request."
    )]
    VersionAmbiguous { versions: String },
    /// The text in the path is another resource's identity, or not an identity at all.
    #[error("Provided identity doesn't belong to the resource.")]
    IdentityNotOwned,
    /// The identity never existed or is deleted. (Recorded text; status and code inferred.)
    #[error("Provided identity doesn't exist.")]
    IdentityNotFound,
    /// `scopes` is null or missing.
    #[error("Scopes: The Scopes field is required.")]
    ScopesMissing,
    /// `scopes` is `[]`.
    #[error("Invalid scopes - Scopes field is required.")]
    ScopesEmpty,
    /// A scope the api-version does not have. (Inferred.)
    #[error("Invalid scopes - Scope {scope} is not supported.")]
    ScopeUnknown { scope: String },
    /// `expiresInMinutes` is out of range.
    #[error(
        "ExpiresInMinutes value {minutes} is invalid. Value must be within the [60, 1440] interval."
    )]
    Lifetime { minutes: i64 },
    /// The body is missing, not JSON, or of another shape. (Inferred.)
    #[error("{problem}")]
    Body { problem: String },
    /// A quota is used up. (Status documented; body and `Retry-After` inferred.)
    #[error("Too many requests.")]
    TooManyRequests { retry_after: u64 },
    /// The path does not exist. (Inferred; the response has an empty body.)
    #[error("not found")]
    NoRoute,
    /// The path does not have this method. (Inferred; the response has an empty body.)
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The emulator cannot sign a token.
    #[error("Internal server error.")]
    Internal,
}

impl ServiceError {
    /// The error for an api-version that does not have the requested operation.
    pub(crate) fn unsupported_version(url: &str, version: &str) -> Self {
        Self::VersionUnsupported { url: url.to_owned(), version: version.to_owned() }
    }

    /// The status of the response.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) | Self::IdentityNotOwned => StatusCode::UNAUTHORIZED,
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

    /// The body of the response, if it has one.
    pub(crate) fn body(&self) -> Option<Value> {
        let message = self.to_string();
        Some(match self {
            Self::Unauthenticated(_) => error_body("Denied", &message),
            Self::VersionUnspecified => version_error_body("ApiVersionUnspecified", &message),
            Self::VersionUnsupported { .. } => {
                version_error_body("UnsupportedApiVersion", &message)
            }
            Self::VersionAmbiguous { .. } => version_error_body("AmbiguousApiVersion", &message),
            Self::IdentityNotOwned => error_body("IdentityNotOwned", &message),
            Self::IdentityNotFound => error_body("IdentityNotFound", &message),
            // The spelling of the targets differs in the recorded sessions.
            Self::ScopesMissing => validation_error_body("Scopes", &message),
            Self::ScopesEmpty | Self::ScopeUnknown { .. } => {
                validation_error_body("scopes", &message)
            }
            Self::Lifetime { .. } => validation_error_body("ExpiresInMinutes", &message),
            Self::Body { .. } => validation_error_body("body", &message),
            Self::TooManyRequests { .. } => error_body("TooManyRequests", &message),
            Self::Internal => error_body("InternalServerError", &message),
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

    /// Whether the response lists the supported versions. The gateway in front of the service does
    /// not know them.
    pub(crate) fn reports_versions(&self) -> bool {
        !matches!(self, Self::Unauthenticated(_) | Self::TooManyRequests { .. })
    }
}

/// The body of an ACS error.
pub(crate) fn error_body(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

fn validation_error_body(target: &str, message: &str) -> Value {
    json!({ "error": { "code": "ValidationError", "message": message, "target": target } })
}

/// The body of an error from ASP.NET's versioning library.
fn version_error_body(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message, "innerError": null } })
}
