//! The sessions that the identity provider has signed since the start.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use acs_broker_config::SignInClaim;
use acs_broker_core::EpochSeconds;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// How many sessions are kept. The oldest are dropped.
const MAX_SESSIONS: usize = 2_000;

/// The newest sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    sessions: VecDeque<SignedSession>,
    /// How many there were.
    count: u64,
}

/// A session as its access token describes it.
#[derive(Clone, Debug)]
pub(crate) struct SignedSession {
    /// Its number, from 1 on.
    pub(crate) id: u64,
    /// The user.
    pub(crate) subject: String,
    /// The access token.
    pub(crate) token: String,
    /// When the user signed in, as far as the token tells.
    pub(crate) signed_in: Option<EpochSeconds>,
    /// When the access token expires, as far as it tells.
    pub(crate) expires_at: Option<EpochSeconds>,
}

/// Which claims of a token name the user and the time of the sign-in.
#[derive(Clone, Debug)]
pub(crate) struct ClaimNames {
    /// The claim that names the user.
    pub(crate) subject: String,
    /// The claim of the sign-in.
    pub(crate) sign_in: SignInClaim,
}

impl ClaimNames {
    /// Returns the user that a token names, and when they signed in. Nothing is verified here: the
    /// result is only shown.
    pub(crate) fn read(&self, token: &str) -> Option<SignedSession> {
        let claims: Map<String, Value> =
            jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
        let sign_in = match &self.sign_in {
            SignInClaim::AuthTimeOrIat => claims.get("auth_time").or_else(|| claims.get("iat")),
            SignInClaim::Named(name) => claims.get(name),
        };
        Some(SignedSession {
            id: 0,
            subject: claims.get(&self.subject)?.as_str()?.to_owned(),
            token: token.to_owned(),
            signed_in: sign_in.and_then(instant),
            expires_at: claims.get("exp").and_then(instant),
        })
    }
}

/// Returns the instant of a claim: seconds, perhaps as text, or RFC 3339.
fn instant(claim: &Value) -> Option<EpochSeconds> {
    let text = match claim {
        Value::Number(number) => return number.as_i64().map(EpochSeconds),
        claim => claim.as_str()?,
    };
    let parsed = text.parse().ok().map(EpochSeconds);
    parsed.or_else(|| text.parse::<Timestamp>().ok().map(EpochSeconds::from))
}

impl Sessions {
    /// Notes a session, and returns its number.
    pub(crate) fn note(&self, session: SignedSession) -> u64 {
        let mut kept = self.lock();
        kept.count += 1;
        let id = kept.count;
        kept.sessions.push_back(SignedSession { id, ..session });
        if kept.sessions.len() > MAX_SESSIONS {
            kept.sessions.pop_front();
        }
        id
    }

    /// Returns a user's sessions, the newest first.
    pub(crate) fn of(&self, subject: &str) -> Vec<SignedSession> {
        let kept = self.lock();
        let newest_first = kept.sessions.iter().rev();
        newest_first.filter(|session| session.subject == subject).cloned().collect()
    }

    /// Returns the users who signed in, each once.
    pub(crate) fn subjects(&self) -> BTreeSet<String> {
        self.lock().sessions.iter().map(|session| session.subject.clone()).collect()
    }

    /// Returns the access tokens, the oldest first.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.lock().sessions.iter().map(|session| session.token.clone()).collect()
    }

    /// Forgets all sessions.
    pub(crate) fn clear(&self) {
        *self.lock() = Kept::default();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(subject: &str) -> SignedSession {
        let token = String::new();
        let subject = subject.to_owned();
        SignedSession { id: 0, subject, token, signed_in: None, expires_at: None }
    }

    mod sessions {
        use super::*;

        /// A script that signs in for days must not fill the memory.
        #[test]
        fn keep_the_newest_only() {
            let sessions = Sessions::default();
            for _ in 0..=MAX_SESSIONS {
                sessions.note(session("alice"));
            }
            sessions.note(session("bob"));
            assert_eq!(sessions.of("alice").len(), MAX_SESSIONS - 1);
            assert_eq!(sessions.of("bob")[0].id, 2_002);
            assert!(sessions.subjects().into_iter().eq(["alice", "bob"]));
        }

        /// The console reads the time of a sign-in in each form that a function reads.
        #[test]
        fn read_sign_in_in_each_form() {
            for claim in [Value::from(100), Value::from("100"), Value::from("1970-01-01T00:01:40Z")]
            {
                assert_eq!(instant(&claim), Some(EpochSeconds(100)), "{claim}");
            }
            assert_eq!(instant(&Value::Null), None);
        }
    }
}
