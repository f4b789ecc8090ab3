//! The stable codes of errors, with what each means to a client and to the operator.

use serde::Serialize;

use crate::telemetry::metric::Metric;

/// The stable codes of `infra/aws/openapi.yaml`, each with its status, title, metric and hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The ACS resource refuses us: wrong resource, key or version.
    AcsMisconfigured,
    /// The ACS resource is over its quota.
    AcsThrottled,
    /// ACS did not respond, or responded with an error of its own.
    AcsUnavailable,
    /// The request's body is too large.
    BodyTooLarge,
    /// The request used up its time.
    DeadlineExceeded,
    /// Another request is creating the user's identity.
    IdentityBusy,
    /// A mistake of ours, or of the deployment.
    InternalError,
    /// The authorizer passed no usable issuer, subject or sign-in time.
    InvalidClaims,
    /// A field of the request breaks a rule.
    InvalidRequest,
    /// The policy grants this user shorter tokens only.
    LifetimeNotAllowed,
    /// The operation is for operators.
    OperatorScopeRequired,
    /// The policy does not grant this user a scope.
    ScopeNotAllowed,
    /// The session is older than a revocation.
    SignInAgain,
    /// The user table did not respond.
    TableUnavailable,
    /// The user asks in a loop.
    TooManyRequests,
    /// The request's body is not JSON in UTF-8 without a content coding.
    UnsupportedMediaType,
    /// The user is suspended.
    UserSuspended,
}

impl ProblemCode {
    /// Every code, in the order of the contract.
    pub const ALL: [Self; 17] = [
        Self::AcsMisconfigured,
        Self::AcsThrottled,
        Self::AcsUnavailable,
        Self::BodyTooLarge,
        Self::DeadlineExceeded,
        Self::IdentityBusy,
        Self::InternalError,
        Self::InvalidClaims,
        Self::InvalidRequest,
        Self::LifetimeNotAllowed,
        Self::OperatorScopeRequired,
        Self::ScopeNotAllowed,
        Self::SignInAgain,
        Self::TableUnavailable,
        Self::TooManyRequests,
        Self::UnsupportedMediaType,
        Self::UserSuspended,
    ];

    /// Returns the HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::InvalidClaims | Self::SignInAgain => 401,
            Self::LifetimeNotAllowed
            | Self::OperatorScopeRequired
            | Self::ScopeNotAllowed
            | Self::UserSuspended => 403,
            Self::BodyTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::AcsThrottled | Self::TooManyRequests => 429,
            Self::AcsMisconfigured | Self::InternalError => 500,
            Self::AcsUnavailable
            | Self::DeadlineExceeded
            | Self::IdentityBusy
            | Self::TableUnavailable => 503,
        }
    }

    /// Returns the fixed summary for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::AcsMisconfigured | Self::InternalError => "The service cannot do this at present",
            Self::AcsThrottled => "Too many requests at present",
            Self::TooManyRequests => "The user asks too often",
            Self::AcsUnavailable | Self::TableUnavailable => {
                "A service that is needed does not respond"
            }
            Self::BodyTooLarge => "The request body is too large",
            Self::DeadlineExceeded => "The request took too long",
            Self::IdentityBusy => "The user's identity is being set up",
            Self::InvalidClaims => "The access token does not say who signed in and when",
            Self::InvalidRequest => "The request breaks a rule",
            Self::LifetimeNotAllowed => "This lifetime is not granted to the user",
            Self::OperatorScopeRequired => "Only an operator may do this",
            Self::ScopeNotAllowed => "This scope is not granted to the user",
            Self::SignInAgain => "The user must sign in again",
            Self::UnsupportedMediaType => {
                "The request body must be application/json in UTF-8 without a content coding"
            }
            Self::UserSuspended => "The user is suspended",
        }
    }

    /// Returns the metric that counts the code.
    pub(crate) const fn metric(self) -> Metric {
        match self {
            Self::AcsMisconfigured => Metric::AcsMisconfigured,
            Self::AcsThrottled => Metric::AcsThrottled,
            Self::AcsUnavailable => Metric::AcsUnavailable,
            Self::BodyTooLarge
            | Self::InvalidRequest
            | Self::LifetimeNotAllowed
            | Self::ScopeNotAllowed
            | Self::UnsupportedMediaType => Metric::BadRequest,
            Self::DeadlineExceeded => Metric::DeadlineExceeded,
            Self::IdentityBusy => Metric::IdentityBusy,
            Self::InternalError => Metric::InternalError,
            Self::InvalidClaims => Metric::InvalidClaims,
            Self::OperatorScopeRequired => Metric::OperatorScopeRequired,
            Self::SignInAgain => Metric::SignInAgain,
            Self::TableUnavailable => Metric::TableUnavailable,
            Self::TooManyRequests => Metric::TooManyRequests,
            Self::UserSuspended => Metric::UserSuspended,
        }
    }

    /// Returns what the operator should do, for the log; empty where nothing is wrong on our side.
    pub(crate) const fn hint(self) -> &'static str {
        match self {
            Self::AcsMisconfigured => {
                "check ACS_CONNECTION_STRING: it must be of the resource that made the users' \
                 identities, with a key that is still valid; check the clock and ACS_API_VERSION"
            }
            Self::AcsThrottled => "ask Azure support for a higher quota of the ACS resource",
            Self::AcsUnavailable => "see the status of Azure Communication Services",
            Self::DeadlineExceeded => {
                "see which call took the time: ACS's latency, the table's throttles, the memory size"
            }
            Self::TableUnavailable => "see the table's throttles and the status of DynamoDB",
            Self::InternalError => "read the error; check the function's rights and the table",
            Self::InvalidClaims => {
                "check the authorizer: it must pass iss, sub and the sign-in time"
            }
            _ => "",
        }
    }
}
