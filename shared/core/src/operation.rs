//! What can be asked for about a user, and how it ends.

use serde::Serialize;

use crate::error::BrokerError;
use crate::initiator::Initiator;

/// What can be asked for about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Revoke the user's ACS tokens.
    Revoke {
        /// Whether the user's sessions may get new tokens. Otherwise the user must sign in again.
        keep_sessions: bool,
    },
    /// Revoke the tokens, and issue none until the suspension is lifted.
    Suspend,
    /// Lift the suspension. Sessions that have ended stay ended.
    Unsuspend,
    /// Delete the user's ACS identity with everything that ACS keeps about it, and end the
    /// sessions.
    Delete,
}

/// An operation that was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// How it ended.
    pub completion: Completion,
    /// Whether anything was known about the user before.
    pub was_known: bool,
}

/// How an accepted operation ends. It is never lost: it is complete, or it is in the record.
#[derive(Debug)]
pub enum Completion {
    /// ACS has done it.
    Done,
    /// It is in the record, and a repetition or `sweep` completes it. The error is
    /// [`BrokerError::Acs`], [`BrokerError::Paused`], or [`BrokerError::IdentityBusy`] where
    /// another request was still at it when the time was used up.
    Deferred(BrokerError),
}

impl Completion {
    /// Returns the completion of an accepted operation that ended in `error`.
    ///
    /// # Errors
    /// The store's error, which may hide that nothing was accepted.
    pub(crate) fn defer(error: BrokerError) -> Result<Self, BrokerError> {
        match error {
            BrokerError::Store(_) => Err(error),
            error => Ok(Self::Deferred(error)),
        }
    }
}

impl Operation {
    /// Revokes the tokens and ends the sessions.
    pub const REVOKE: Self = Self::Revoke { keep_sessions: false };

    /// Returns the name in logs and in the CLI: `revoke`, `suspend`, `unsuspend` or `delete`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoke { .. } => "revoke",
            Self::Suspend => "suspend",
            Self::Unsuspend => "unsuspend",
            Self::Delete => "delete",
        }
    }

    /// Returns whether `initiator` may ask for this operation. A user decides about the own tokens
    /// and the own account. Only the provider and operators decide about suspensions.
    #[must_use]
    pub const fn permits(self, initiator: Initiator) -> bool {
        match self {
            Self::Revoke { .. } | Self::Delete => true,
            Self::Suspend | Self::Unsuspend => !matches!(initiator, Initiator::User { .. }),
        }
    }
}

/// Writes the [`Operation::name`].
impl Serialize for Operation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
