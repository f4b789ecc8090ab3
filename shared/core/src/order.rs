use std::time::Duration;

use acs_broker_store_dynamodb::EpochSeconds;
use identity_client::Timestamp;

/// Who asks for a revocation or a deletion, and so from when on it counts.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// The user, through a session of their own that began at this second.
    Session(EpochSeconds),
    /// An operator.
    Operator,
    /// An identity provider, about something that happened at this instant.
    Event(Timestamp),
}

/// Who suspends a user, or lifts a suspension, and so from when on it counts. A user can not.
#[derive(Clone, Copy, Debug)]
pub enum Ruling {
    /// An operator, whose word stands until an operator takes it back.
    Operator,
    /// An identity provider, about something that happened at this instant.
    Event(Timestamp),
}

/// What a revocation means for the sessions that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// They get no more tokens: the user must sign in again.
    End,
    /// They may get new tokens at once.
    Keep,
}

/// How far an identity provider's clock, which stamps both events and sign-ins, may be ahead of
/// ours. Cut shorter, a password change would spare the sessions of its own last seconds; not cut
/// at all, one wrong event would lock a user out for good.
const LEAD_OF_ISSUERS_CLOCK: Duration = Duration::from_mins(5);

impl Order {
    /// The watermark this order asks for. A request counts from now on, and never from before the
    /// sign-in of the session that makes it, whose issuer may have a faster clock than ours. An
    /// event counts from when it happened, so that a late one spares those who signed in since.
    pub(crate) fn watermark(self, now: Timestamp) -> EpochSeconds {
        match self {
            Self::Session(sign_in) => sign_in.max(now.into()),
            Self::Operator => now.into(),
            Self::Event(at) => within_lead(at, now).into(),
        }
    }

    /// Whether the order comes from a session that a revocation has already ended: it may repeat
    /// what was asked, and cause nothing new.
    pub(crate) fn is_stale(self, watermark: Option<EpochSeconds>) -> bool {
        match self {
            Self::Session(sign_in) => watermark.is_some_and(|mark| sign_in <= mark),
            Self::Operator | Self::Event(_) => false,
        }
    }
}

impl From<Ruling> for Order {
    fn from(ruling: Ruling) -> Self {
        match ruling {
            Ruling::Operator => Self::Operator,
            Ruling::Event(at) => Self::Event(at),
        }
    }
}

/// When an event of this instant happened, by a clock that is not too far ahead of ours.
pub(crate) fn within_lead(event: Timestamp, now: Timestamp) -> Timestamp {
    event.min(now.checked_add(LEAD_OF_ISSUERS_CLOCK).unwrap_or(now))
}
