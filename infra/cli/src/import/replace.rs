//! How an import deletes an identity that it replaces.

use acs_broker_core::{Operation, RecordKey, UserStore};

use super::run::Import;
use crate::operation;
use crate::outcome::Outcome;

impl<T: UserStore> Import<'_, T> {
    /// Deletes a user's identity; returns why it is not deleted, if so.
    pub(super) async fn delete(&self, key: &RecordKey) -> Option<String> {
        match operation::execute(Operation::Delete, key, self.broker, self.records).await {
            Outcome::Done | Outcome::Unknown => None,
            Outcome::Deferred(why) => {
                Some(format!("the sweep deletes the identity here, then import again: {why}"))
            }
            Outcome::Failed(why) => Some(why),
            Outcome::NotTried => Some(String::new()),
        }
    }
}
