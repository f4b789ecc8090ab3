//! Who asks for an operation, and from when on the operation counts.

use std::time::Duration;

use jiff::Timestamp;

use crate::time::EpochSeconds;

/// Who asks for an operation (`initiating_entity` of the `OpenID` CAEP 1.0, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// The user, through a session of their own.
    User {
        /// When the session signed in.
        signed_in: EpochSeconds,
    },
    /// An operator of this product.
    Operator,
    /// The identity provider, by an event.
    IdentityProvider {
        /// When it happened, by the provider's clock.
        occurred_at: Timestamp,
    },
}

/// How far an identity provider's clock may be ahead of ours. The same clock stamps events and
/// sign-ins.
///
/// With less, a password change would spare the sessions of its own last seconds. With no limit,
/// one wrong event would lock a user out for good, and one wrong sign-in would outlive every
/// revocation.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_mins(5);

impl Initiator {
    /// Returns the cutoff that this initiator asks for.
    ///
    /// A request counts from now on, and never from before the sign-in of its own session, whose
    /// issuer may have a faster clock than ours. An event counts from when it happened, so that a
    /// late one spares the sessions that signed in since.
    pub(crate) fn cutoff(self, now: Timestamp) -> EpochSeconds {
        match self {
            Self::User { signed_in } => signed_in.max(now.into()),
            Self::Operator => now.into(),
            Self::IdentityProvider { occurred_at } => limit_clock_skew(occurred_at, now).into(),
        }
    }

    /// Returns whether a session asks that `cutoff` has already ended. It may repeat what it asked
    /// for. It must not cause anything new, or a thief with a stale JWT could sign the owner out
    /// again and again.
    pub(crate) fn has_ended(self, cutoff: Option<EpochSeconds>) -> bool {
        match self {
            Self::User { signed_in } => cutoff.is_some_and(|cutoff| signed_in <= cutoff),
            Self::Operator | Self::IdentityProvider { .. } => false,
        }
    }
}

/// Returns when an event happened, by a clock that is at most [`MAX_CLOCK_SKEW`] ahead of ours.
pub(crate) fn limit_clock_skew(event: Timestamp, now: Timestamp) -> Timestamp {
    event.min(now.checked_add(MAX_CLOCK_SKEW).unwrap_or(now))
}
