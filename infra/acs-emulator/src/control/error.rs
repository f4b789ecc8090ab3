//! The errors of the control API. `Display` is the text that the client gets.

use http::{Method, StatusCode};

/// A control request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlError {
    /// The control API does not have this path or method.
    #[error("no {method} /_emulator/{path}")]
    NotFound { method: Method, path: String },
    /// The body is not JSON of the right shape.
    #[error(transparent)]
    Body(#[from] serde_json::Error),
    /// The fault does not make sense.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// The clock cannot be advanced that far.
    #[error("no timestamp lies that far ahead")]
    ClockRange,
    /// The clock is moved in one of two ways.
    #[error("either advanceSeconds or offsetSeconds is needed")]
    ClockMembers,
}

/// The members of a fault contradict each other or are out of range.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum FaultError {
    #[error("effect: only one of status, drop, truncate, omitAccessToken and corruptExpiresOn")]
    SeveralEffects,
    #[error(
        "effect: one of status, drop, truncate, omitAccessToken, corruptExpiresOn and delayMs is \
         needed"
    )]
    EmptyEffect,
    #[error("effect.status: 200 to 599")]
    StatusRange,
    #[error("effect: body and retryAfter go with status")]
    StatusMissing,
    #[error("effect: when goes with status or drop")]
    WhenMisplaced,
    #[error("effect: omitAccessToken goes with the operation create or any")]
    OmitAccessTokenMisplaced,
    #[error("effect: corruptExpiresOn goes with the operation create, issue or any")]
    CorruptExpiresOnMisplaced,
    #[error("rate: above 0, up to 1")]
    RateRange,
    #[error("times: at least 1")]
    TimesRange,
}

impl ControlError {
    /// The status of the response.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Body(_) | Self::Fault(_) | Self::ClockRange | Self::ClockMembers => {
                StatusCode::BAD_REQUEST
            }
        }
    }
}
