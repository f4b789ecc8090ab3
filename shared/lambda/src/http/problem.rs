//! Errors as clients and operators see them: RFC 9457 for the one, the cause for the other.

use std::error::Error;
use std::time::Duration;

use acs_broker_config::error_chain;
use acs_broker_core::{BrokerError, PolicyViolation, StoreError};

use crate::http::problem_code::ProblemCode;

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

const MAX_DETAIL_CHARS: usize = 300;
const RETRY_AFTER_ACS_THROTTLED: Duration = Duration::from_secs(5);
const RETRY_AFTER_NOT_FOUND: Duration = Duration::from_secs(15);
const RETRY_AFTER_ACS_UNAVAILABLE: Duration = Duration::from_secs(2);
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
/// Both clocks are wrong for longer than a moment.
const RETRY_AFTER_TOKEN_EXPIRED: Duration = Duration::from_mins(1);

impl ProblemDetails {
    /// Returns a problem that needs no more words than its code's.
    #[must_use]
    pub const fn new(code: ProblemCode) -> Self {
        Self { code, detail: None, retry_after: None, is_detail_logged: false, source: None }
    }

    /// Returns the problem of a field that breaks a rule: `scopes: must not be empty`. The name of a
    /// field that a client has made up may be long, and is cut.
    pub fn invalid(detail: impl Into<String>) -> Self {
        let mut detail: String = detail.into();
        if let Some((end, _)) = detail.char_indices().nth(MAX_DETAIL_CHARS) {
            detail.truncate(end);
            detail.push('…');
        }
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
