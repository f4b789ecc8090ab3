//! A signed-in user.

use crate::record::RecordKey;
use crate::time::EpochSeconds;

/// A signed-in user, as the gateway's verified claims describe them.
#[derive(Clone, Debug)]
pub struct Session {
    /// The user of the session.
    pub user: RecordKey,
    /// When the user signed in.
    pub sign_in: EpochSeconds,
}
