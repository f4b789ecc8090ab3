//! Why a session gets no token.

use acs_broker_core::{EpochSeconds, SessionRejection, UserSnapshot};
use jiff::Timestamp;

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

/// Returns why a session gets no token at `now`; `None` where it gets one.
pub(crate) fn of_session(
    user: &UserSnapshot,
    session: &SignedSession,
    now: Timestamp,
) -> Option<Rejection> {
    if session.expires_at.is_some_and(|end| end <= EpochSeconds::from(now)) {
        return Some(Rejection::Expired);
    }
    let Some(signed_in) = session.signed_in else { return Some(Rejection::WithoutSignIn) };
    let rejection = user.stored.record.check_session(user.global_cutoff, signed_in).err();
    rejection.map(Rejection::Domain)
}
