//! The records of all users, read again only after a write.

use std::sync::Arc;

use acs_broker_core::{Record, RecordKey, StoreError, UserStore as _};
use acs_broker_store_dynamodb::DynamoStore;
use identity_client::Deadline;
use tokio::sync::Mutex;

/// How many records are read at once.
const PAGE_SIZE: usize = 500;

/// The records of users, by their subjects.
pub(crate) type Records = Arc<Vec<(RecordKey, Record)>>;

/// What was read last, and at which version of the table.
#[derive(Debug, Default)]
pub(crate) struct Directory(Mutex<Option<(u64, Records)>>);

impl Directory {
    /// Returns the records of a table at this version, by their subjects.
    ///
    /// # Errors
    /// The table does not respond.
    pub(crate) async fn records(
        &self,
        store: &DynamoStore,
        version: u64,
        deadline: &Deadline,
    ) -> Result<Records, StoreError> {
        let mut kept = self.0.lock().await;
        if let Some((known, records)) = &*kept
            && *known == version
        {
            return Ok(Arc::clone(records));
        }
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let page = store.list(after.as_ref(), PAGE_SIZE, deadline).await?;
            records.extend(page.records);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        records.retain(|(key, _)| subject(key).is_some());
        records.sort_by(|(a, _), (b, _)| subject(a).cmp(&subject(b)));
        let records = Arc::new(records);
        *kept = Some((version, Arc::clone(&records)));
        Ok(records)
    }
}

/// Returns the subject of a user's key.
pub(crate) fn subject(key: &RecordKey) -> Option<&str> {
    match key {
        RecordKey::User(_, subject) => Some(subject.as_str()),
        _ => None,
    }
}
