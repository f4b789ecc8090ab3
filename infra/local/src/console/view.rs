//! A user in the glossary's words: record, sessions and tokens as the page shows them.

use acs_broker_core::{IdentityState, PendingKind, Record, RecordKey, SuspendedBy};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::console::app::UserView;
use crate::console::sessions::SignedSession;
use crate::console::time::instant;
use crate::console::{rejection, sentences};

/// The words for the states of users.
pub(crate) const STATES: [&str; 7] = [
    "active",
    "suspended",
    "revocation pending",
    "deletion pending",
    "being created",
    "deleted",
    "new",
];

/// Returns the state of a user in a word, one of [`STATES`].
pub(crate) fn state(record: &Record) -> &'static str {
    match record.pending().map(|pending| pending.kind) {
        Some(PendingKind::Delete) => "deletion pending",
        Some(PendingKind::Revoke) => "revocation pending",
        None if record.is_suspended() => "suspended",
        None if *record == Record::default() => "new",
        None => match record.identity {
            IdentityState::Bound(_) => "active",
            IdentityState::Creating(_) => "being created",
            IdentityState::None if record.sessions_valid_after.is_none() => "new",
            IdentityState::None => "deleted",
        },
    }
}

impl UserView {
    /// Returns how many tokens are live.
    pub(crate) fn live_tokens(&self) -> usize {
        self.tokens.iter().filter(|token| token.is_live()).count()
    }

    /// Returns how many sessions get tokens.
    pub(crate) fn live_sessions(&self, now: Timestamp) -> usize {
        let gets = |session: &&SignedSession| {
            rejection::of_session(&self.snapshot, session, now).is_none()
        };
        self.sessions.iter().filter(gets).count()
    }

    /// Returns a row of the list of users.
    pub(crate) fn summary(&self, user: &RecordKey, now: Timestamp) -> Value {
        let RecordKey::User(issuer, subject) = user else { return Value::Null };
        let record = &self.snapshot.stored.record;
        json!({
            "issuer": issuer.as_str(),
            "subject": subject.as_str(),
            "state": state(record),
            "identity": record.bound().map(|bound| bound.id.to_string()),
            "liveSessions": self.live_sessions(now),
            "liveTokens": self.live_tokens(),
        })
    }

    /// Returns all about a user.
    pub(crate) fn detail(&self, user: &RecordKey, now: Timestamp) -> Value {
        let mut detail = self.summary(user, now);
        let sessions = self.sessions.iter().map(|session| self.session(session, now));
        if let Some(members) = detail.as_object_mut() {
            members.insert("record".to_owned(), self.record());
            members.insert("sessions".to_owned(), sessions.collect());
            members.insert("tokens".to_owned(), json!(self.tokens));
        }
        detail
    }

    fn session(&self, session: &SignedSession, now: Timestamp) -> Value {
        let rejection = rejection::of_session(&self.snapshot, session, now);
        json!({
            "id": session.id,
            "signedInAt": session.signed_in.and_then(instant),
            "expiresAt": session.expires_at.and_then(instant),
            "token": session.token,
            "getsTokens": rejection.is_none(),
            "reason": rejection.map(|rejection| sentences::session(rejection, self)),
        })
    }

    fn record(&self) -> Value {
        let record = &self.snapshot.stored.record;
        let suspension = record.suspension.map(|suspension| {
            let by = match suspension.by {
                SuspendedBy::Operator => "operator",
                SuspendedBy::IdentityProvider => "identity provider",
            };
            json!({"by": by, "since": suspension.decided_at, "lifted": suspension.lifted})
        });
        let pending = record.pending().map(|pending| {
            let operation = match pending.kind {
                PendingKind::Revoke => "revoke",
                PendingKind::Delete => "delete",
            };
            let (accepted_at, retry_at) = (pending.accepted_at, pending.retry_at);
            json!({"operation": operation, "acceptedAt": accepted_at, "retryAt": retry_at})
        });
        let lease = record
            .lease()
            .map(|lease| json!({"expiresAt": lease.expires_at, "cancelled": lease.cancelled}));
        json!({
            "identity": record.bound().map(|bound| bound.id.to_string()),
            "cutoff": record.sessions_valid_after.and_then(instant),
            "globalCutoff": self.snapshot.global_cutoff.and_then(instant),
            "suspension": suspension,
            "pending": pending,
            "lease": lease,
            "notFoundSince": record.bound().and_then(|bound| bound.not_found_since),
            "unconfirmedIdentities": record.unconfirmed_identities,
            "expiresAt": record.expires_at.and_then(instant),
        })
    }
}
