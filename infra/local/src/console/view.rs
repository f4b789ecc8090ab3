//! A user in the glossary's words: record, sessions and tokens as the page shows them.

use acs_broker_core::{
    EpochSeconds, IdentityState, PendingKind, Record, RecordKey, SessionRejection, SuspendedBy,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::console::app::UserView;
use crate::console::sentences;
use crate::console::sessions::SignedSession;

/// Why a session gets no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// By the domain's rule.
    Domain(SessionRejection),
    /// The gateway refuses its access token, which has expired.
    Expired,
    /// The token does not tell when the user signed in.
    WithoutSignIn,
}

/// Returns the state of a user in a word.
pub(crate) fn state(record: &Record) -> &'static str {
    match record.pending().map(|pending| pending.kind) {
        Some(PendingKind::Delete) => "deletion pending",
        Some(PendingKind::Revoke) => "revocation pending",
        None if record.is_suspended() => "suspended",
        None if *record == Record::default() => "new",
        None => match record.identity {
            IdentityState::Bound(_) => "active",
            IdentityState::Creating(_) => "being created",
            IdentityState::None => "deleted",
        },
    }
}

/// Returns a second as an instant.
pub(crate) fn instant(seconds: EpochSeconds) -> Option<Timestamp> {
    Timestamp::from_second(seconds.0).ok()
}

impl UserView {
    /// Returns why a session gets no token at `now`; `None` where it gets one.
    pub(crate) fn rejection(&self, session: &SignedSession, now: Timestamp) -> Option<Rejection> {
        if session.expires_at.is_some_and(|end| end <= EpochSeconds::from(now)) {
            return Some(Rejection::Expired);
        }
        let Some(signed_in) = session.signed_in else { return Some(Rejection::WithoutSignIn) };
        let record = &self.snapshot.stored.record;
        let rejection = record.check_session(self.snapshot.global_cutoff, signed_in).err();
        rejection.map(Rejection::Domain)
    }

    /// Returns how many tokens are live.
    pub(crate) fn live_tokens(&self) -> usize {
        self.tokens.iter().filter(|token| token.is_live()).count()
    }

    /// Returns how many sessions get tokens.
    pub(crate) fn live_sessions(&self, now: Timestamp) -> usize {
        let gets = |session: &&SignedSession| self.rejection(session, now).is_none();
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
        let rejection = self.rejection(session, now);
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
