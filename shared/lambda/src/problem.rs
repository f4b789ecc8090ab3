use std::time::Duration;

use acs_broker_core::{IssueError, NotAllowed, WorkError};
use acs_broker_store_dynamodb::TableError;
use lambda_http::http::StatusCode;
use serde::Serialize;

use crate::log::chain;

/// The stable codes of `infra/aws/openapi.yaml`, each with its status, title and remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The ACS resource refuses us: wrong resource, key or version.
    AcsMisconfigured,
    /// The ACS resource is over its quota.
    AcsThrottled,
    /// ACS did not answer, or answered with an error of its own.
    AcsUnavailable,
    /// The request's body is too large.
    BodyTooLarge,
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
    /// The user table did not answer.
    TableUnavailable,
    /// The request's body is not JSON.
    UnsupportedMediaType,
    /// The user is suspended.
    UserSuspended,
}

/// An answer that is an error: RFC 9457 for the caller, the cause for the operator.
#[derive(Debug)]
pub struct Problem {
    /// What programs decide by.
    pub code: Code,
    /// Which field broke which rule; nothing secret, nothing of ours.
    pub detail: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// The chain of causes, for the log alone.
    pub(crate) cause: Option<String>,
}

const AFTER_ACS_THROTTLED: Duration = Duration::from_secs(5);
const AFTER_DOUBT: Duration = Duration::from_secs(15);
const AFTER_ACS_UNAVAILABLE: Duration = Duration::from_secs(2);
const AFTER_IDENTITY_BUSY: Duration = Duration::from_secs(1);
const AFTER_TABLE_UNAVAILABLE: Duration = Duration::from_secs(1);

impl Code {
    /// Every code, in the order of the contract.
    pub const ALL: [Self; 15] = [
        Self::AcsMisconfigured,
        Self::AcsThrottled,
        Self::AcsUnavailable,
        Self::BodyTooLarge,
        Self::IdentityBusy,
        Self::InternalError,
        Self::InvalidClaims,
        Self::InvalidRequest,
        Self::LifetimeNotAllowed,
        Self::OperatorScopeRequired,
        Self::ScopeNotAllowed,
        Self::SignInAgain,
        Self::TableUnavailable,
        Self::UnsupportedMediaType,
        Self::UserSuspended,
    ];

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InvalidClaims | Self::SignInAgain => StatusCode::UNAUTHORIZED,
            Self::LifetimeNotAllowed
            | Self::OperatorScopeRequired
            | Self::ScopeNotAllowed
            | Self::UserSuspended => StatusCode::FORBIDDEN,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::AcsThrottled => StatusCode::TOO_MANY_REQUESTS,
            Self::AcsMisconfigured | Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::AcsUnavailable | Self::IdentityBusy | Self::TableUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The fixed summary for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::AcsMisconfigured | Self::InternalError => "The service cannot do this at present",
            Self::AcsThrottled => "Too many requests at present",
            Self::AcsUnavailable | Self::TableUnavailable => "A service we need does not answer",
            Self::BodyTooLarge => "The request body is too large",
            Self::IdentityBusy => "The user's identity is being set up",
            Self::InvalidClaims => "The access token does not say who signed in and when",
            Self::InvalidRequest => "The request breaks a rule",
            Self::LifetimeNotAllowed => "This lifetime is not granted to the user",
            Self::OperatorScopeRequired => "Only an operator may do this",
            Self::ScopeNotAllowed => "This scope is not granted to the user",
            Self::SignInAgain => "The user must sign in again",
            Self::UnsupportedMediaType => "The request body must be application/json",
            Self::UserSuspended => "The user is suspended",
        }
    }

    /// The name under which the code is counted.
    pub(crate) const fn metric(self) -> &'static str {
        match self {
            Self::AcsMisconfigured => "AcsMisconfigured",
            Self::AcsThrottled => "AcsThrottled",
            Self::AcsUnavailable => "AcsUnavailable",
            Self::BodyTooLarge
            | Self::InvalidRequest
            | Self::LifetimeNotAllowed
            | Self::ScopeNotAllowed
            | Self::UnsupportedMediaType => "BadRequest",
            Self::IdentityBusy => "IdentityBusy",
            Self::InternalError => "InternalError",
            Self::InvalidClaims => "InvalidClaims",
            Self::OperatorScopeRequired => "OperatorScopeRequired",
            Self::SignInAgain => "SignInAgain",
            Self::TableUnavailable => "TableUnavailable",
            Self::UserSuspended => "UserSuspended",
        }
    }

    /// What the operator should do, for the log; empty where nothing is wrong on our side.
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::AcsMisconfigured => {
                "check ACS_CONNECTION_STRING: it must be of the resource that made the users' \
                 identities, with a key that is still valid; check the clock and ACS_API_VERSION"
            }
            Self::AcsThrottled => "ask Azure support for a higher quota of the ACS resource",
            Self::AcsUnavailable => "see the status of Azure Communication Services",
            Self::TableUnavailable => "see the table's throttles and the status of DynamoDB",
            Self::InternalError => "read the error; check the function's rights and the table",
            Self::InvalidClaims => {
                "check the authorizer: it must pass iss, sub and the sign-in time"
            }
            _ => "",
        }
    }
}

impl Problem {
    /// A problem that needs no more words than its code's.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, retry_after: None, cause: None }
    }

    /// A field of the request that breaks a rule: `scopes: must not be empty`.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest).detailed(detail)
    }

    /// Claims that break a rule: `sub: must …`. The caller is told, and so is the operator, who alone
    /// can correct the authorizer. A rule repeats no claim's value.
    pub(crate) fn invalid_claims(rule: impl Into<String>) -> Self {
        let rule = rule.into();
        Self { cause: Some(rule.clone()), ..Self::new(Code::InvalidClaims).detailed(rule) }
    }

    pub(crate) fn detailed(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    fn caused_by(code: Code, error: &dyn std::error::Error, retry_after: Option<Duration>) -> Self {
        Self { cause: Some(chain(error)), retry_after, ..Self::new(code) }
    }
}

impl From<NotAllowed> for Problem {
    fn from(error: NotAllowed) -> Self {
        let code = match error {
            NotAllowed::Scope(_) => Code::ScopeNotAllowed,
            NotAllowed::Lifetime(_) => Code::LifetimeNotAllowed,
        };
        Self::new(code).detailed(error.to_string())
    }
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::SignInAgain => Self::new(Code::SignInAgain),
            IssueError::Suspended => Self::new(Code::UserSuspended),
            IssueError::Busy => {
                Self { retry_after: Some(AFTER_IDENTITY_BUSY), ..Self::new(Code::IdentityBusy) }
            }
            IssueError::Work(error) => error.into(),
        }
    }
}

impl From<WorkError> for Problem {
    fn from(error: WorkError) -> Self {
        Self::from(&error)
    }
}

impl From<&WorkError> for Problem {
    fn from(error: &WorkError) -> Self {
        match error {
            WorkError::Acs(error) => error.into(),
            WorkError::Table(error) => error.into(),
        }
    }
}

impl From<&identity_client::Error> for Problem {
    fn from(error: &identity_client::Error) -> Self {
        if error.is_throttled() {
            let wait = error.retry_after().unwrap_or(AFTER_ACS_THROTTLED);
            Self::caused_by(Code::AcsThrottled, error, Some(wait))
        } else if error.is_no_such_identity() {
            // Not believed yet; see `acs-broker-core`.
            Self::caused_by(Code::AcsUnavailable, error, Some(AFTER_DOUBT))
        } else if error.is_unavailable() || error.is_ambiguous() {
            let wait = error.retry_after().unwrap_or(AFTER_ACS_UNAVAILABLE);
            Self::caused_by(Code::AcsUnavailable, error, Some(wait))
        } else {
            Self::caused_by(Code::AcsMisconfigured, error, None)
        }
    }
}

impl From<&TableError> for Problem {
    fn from(error: &TableError) -> Self {
        if error.is_transient() {
            Self::caused_by(Code::TableUnavailable, error, Some(AFTER_TABLE_UNAVAILABLE))
        } else {
            Self::caused_by(Code::InternalError, error, None)
        }
    }
}
