use acs_broker_store_dynamodb::{EpochSeconds, RecordKey};

/// A signed-in user, as the gateway's verified claims describe them.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose session it is.
    pub user: RecordKey,
    /// When they signed in.
    pub sign_in: EpochSeconds,
}
