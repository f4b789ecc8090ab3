//! A user's state in one word.

use acs_broker_core::{IdentityState, PendingKind, Record};
use clap::ValueEnum;
use serde::Serialize;

use crate::style::Style;

/// Names what holds for a user. Where several things do, the one that an operator must know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UserState {
    /// The user has an identity, and nothing is pending.
    Active,
    /// The user is suspended.
    Suspended,
    /// A revocation is accepted and not known to be done at ACS.
    RevocationPending,
    /// A deletion is accepted and not known to be done at ACS.
    DeletionPending,
    /// The identity is being created.
    Creating,
    /// The user has no identity; the record refuses old sessions.
    Deleted,
}

impl UserState {
    /// Returns the state of a record.
    pub(crate) fn of(record: &Record) -> Self {
        match (record.pending().map(|pending| pending.kind), &record.identity) {
            (Some(PendingKind::Delete), _) => Self::DeletionPending,
            _ if record.is_suspended() => Self::Suspended,
            (Some(PendingKind::Revoke), _) => Self::RevocationPending,
            (None, IdentityState::Bound(_)) => Self::Active,
            (None, IdentityState::Creating(_)) => Self::Creating,
            (None, IdentityState::None) => Self::Deleted,
        }
    }

    /// Returns what the state's colour means.
    pub(crate) const fn style(self) -> Style {
        match self {
            Self::Active => Style::Good,
            Self::Suspended => Style::Bad,
            Self::RevocationPending | Self::DeletionPending | Self::Creating => Style::Doubtful,
            Self::Deleted => Style::Faint,
        }
    }

    /// Returns the words for people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::RevocationPending => "revocation pending",
            Self::DeletionPending => "deletion pending",
            Self::Creating => "being created",
            Self::Deleted => "deleted",
        }
    }
}
