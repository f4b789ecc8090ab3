//! Errors as clients and operators see them: RFC 9457 for the one, the cause for the other.

use std::error::Error;
use std::time::Duration;

use acs_broker_config::error_chain;
use acs_broker_core::{BrokerError, PolicyViolation, StoreError};
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
    /// The user asks for tokens in a loop.
    TooManyRequests,
    /// The request's body is not JSON in UTF-8 without a content coding.
    UnsupportedMediaType,
    /// The user is suspended.
    UserSuspended,
}

/// A response that is an error.
#[derive(Debug)]
pub struct ProblemDetails {
    /// What programs decide by.
    pub code: ProblemCode,
    /// Which field broke which rule; nothing secret, nothing internal.
    pub detail: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// Whether the operator must see the detail as well.
    is_detail_logged: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

const RETRY_AFTER_ACS_THROTTLED: Duration = Duration::from_secs(5);
const RETRY_AFTER_NOT_FOUND: Duration = Duration::from_secs(15);
const RETRY_AFTER_ACS_UNAVAILABLE: Duration = Duration::from_secs(2);
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
/// Both clocks are wrong for longer than a moment.
const RETRY_AFTER_TOKEN_EXPIRED: Duration = Duration::from_mins(1);

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
            Self::TooManyRequests => "The user asks for too many tokens",
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

impl ProblemDetails {
    /// Returns a problem that needs no more words than its code's.
    #[must_use]
    pub const fn new(code: ProblemCode) -> Self {
        Self { code, detail: None, retry_after: None, is_detail_logged: false, source: None }
    }

    /// Returns the problem of a field that breaks a rule: `scopes: must not be empty`.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::InvalidRequest).with_detail(detail)
    }

    /// Returns the problem of claims that break a rule: `sub: must …`. The caller hears it, and so
    /// does the operator, who alone can correct the authorizer. A rule repeats no claim's value.
    pub(crate) fn invalid_claims(rule: impl Into<String>) -> Self {
        let problem = Self::new(ProblemCode::InvalidClaims).with_detail(rule);
        Self { is_detail_logged: true, ..problem }
    }

    /// Returns the problem of a request that the gateway has sent to the wrong function. A function
    /// that took it for one of its own would do to a user what nobody asked for.
    #[must_use]
    pub fn unserved_route() -> Self {
        let rule = "routeKey: this function does not serve the route; check the gateway's routes";
        let problem = Self::new(ProblemCode::InternalError).with_detail(rule);
        Self { is_detail_logged: true, ..problem }
    }

    pub(crate) fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Returns the causes, for the log alone.
    pub(crate) fn cause(&self) -> Option<String> {
        let source = self.source.as_deref().map(|source| error_chain(source));
        source.or_else(|| self.detail.clone().filter(|_| self.is_detail_logged))
    }

    /// Returns the problem as it is if the request has time left. A table that was asked when the
    /// time was used up is not to blame.
    pub(crate) fn at_deadline(self, is_over: bool) -> Self {
        if is_over && self.code == ProblemCode::TableUnavailable {
            let code = ProblemCode::DeadlineExceeded;
            return Self { code, retry_after: Some(RETRY_AFTER_MIN), ..self };
        }
        self
    }

    /// Returns the code of an error, and when to try again.
    pub(crate) fn classify(error: &BrokerError) -> (ProblemCode, Option<Duration>) {
        match error {
            BrokerError::SignInAgain => (ProblemCode::SignInAgain, None),
            BrokerError::UserSuspended => (ProblemCode::UserSuspended, None),
            BrokerError::IdentityBusy => (ProblemCode::IdentityBusy, Some(RETRY_AFTER_MIN)),
            BrokerError::TooManyRequests { retry_after } => {
                (ProblemCode::TooManyRequests, Some((*retry_after).max(RETRY_AFTER_MIN)))
            }
            BrokerError::NotPermitted => (ProblemCode::InternalError, None),
            BrokerError::TokenExpired { .. } => {
                (ProblemCode::AcsUnavailable, Some(RETRY_AFTER_TOKEN_EXPIRED))
            }
            BrokerError::Paused { retry_after, .. } => {
                (ProblemCode::AcsUnavailable, Some(*retry_after))
            }
            BrokerError::Acs(error) => classify_acs(error),
            BrokerError::Store(error) => classify_store(error),
        }
    }
}

fn classify_acs(error: &identity_client::Error) -> (ProblemCode, Option<Duration>) {
    if error.is_throttled() {
        let wait = error.retry_after().unwrap_or(RETRY_AFTER_ACS_THROTTLED);
        (ProblemCode::AcsThrottled, Some(wait))
    } else if error.is_no_such_identity() {
        // The first report is not believed; see `record/transitions/not_found.rs` of core.
        (ProblemCode::AcsUnavailable, Some(RETRY_AFTER_NOT_FOUND))
    } else if error.is_unavailable() || error.is_ambiguous() {
        let wait = error.retry_after().unwrap_or(RETRY_AFTER_ACS_UNAVAILABLE);
        (ProblemCode::AcsUnavailable, Some(wait))
    } else {
        (ProblemCode::AcsMisconfigured, None)
    }
}

fn classify_store(error: &StoreError) -> (ProblemCode, Option<Duration>) {
    if error.is_transient() {
        (ProblemCode::TableUnavailable, Some(RETRY_AFTER_MIN))
    } else {
        (ProblemCode::InternalError, None)
    }
}

impl From<PolicyViolation> for ProblemDetails {
    fn from(violation: PolicyViolation) -> Self {
        let code = match violation {
            PolicyViolation::Scope(_) => ProblemCode::ScopeNotAllowed,
            PolicyViolation::Lifetime(_) => ProblemCode::LifetimeNotAllowed,
        };
        Self::new(code).with_detail(violation.to_string())
    }
}

impl From<BrokerError> for ProblemDetails {
    fn from(error: BrokerError) -> Self {
        let (code, retry_after) = Self::classify(&error);
        let source: Option<Box<dyn Error + Send + Sync>> = match error {
            BrokerError::Acs(error) => Some(Box::new(error)),
            BrokerError::Store(error) => Some(Box::new(error)),
            error @ (BrokerError::TokenExpired { .. }
            | BrokerError::Paused { .. }
            | BrokerError::NotPermitted) => Some(Box::new(error)),
            // Not a fault: the code says it all.
            BrokerError::SignInAgain
            | BrokerError::UserSuspended
            | BrokerError::IdentityBusy
            | BrokerError::TooManyRequests { .. } => None,
        };
        Self { retry_after, source, ..Self::new(code) }
    }
}
