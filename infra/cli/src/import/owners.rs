//! Which row of the table has which identity.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;

use acs_broker_core::{RecordKey, StoreError, UserStore};
use identity_client::IdentityId;

use crate::records::Records;
use crate::unreadable::UnreadableRow;
use crate::user_file::resource_of;

/// Knows which row has which identity. It keeps hashes, 16 bytes for each identity: a million users
/// fit anywhere, and that two of them meet is practically impossible.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    hasher: RandomState,
    rows: HashMap<u64, u64>,
    /// The ACS resource of an identity in the table.
    pub(crate) resource: Option<String>,
}

impl Owners {
    /// Reads the whole table.
    pub(crate) async fn read<T: UserStore>(records: &Records<T>) -> Result<Self, StoreError> {
        let mut owners = Self::default();
        let note = |key: RecordKey, record: acs_broker_core::Record| {
            if let Some(bound) = record.bound() {
                owners.claim(&bound.id, &key);
                owners.resource.get_or_insert_with(|| resource_of(&bound.id).to_owned());
            }
            None::<()>
        };
        let scanned = records.scan(note).await?;
        // The row may have an identity of the file, and nobody would notice.
        if let Some(UnreadableRow { key, why }) = scanned.unreadable.into_iter().next() {
            return Err(StoreError::corrupt(format!("{key}: {why}")));
        }
        Ok(owners)
    }

    /// Returns whether a row has an identity.
    pub(crate) fn has(&self, identity: &IdentityId, row: &RecordKey) -> bool {
        let row = self.hasher.hash_one(row);
        self.rows.get(&self.hasher.hash_one(identity)) == Some(&row)
    }

    /// Gives a row an identity. Returns whether it is the row's now: the first row keeps it.
    pub(crate) fn claim(&mut self, identity: &IdentityId, row: &RecordKey) -> bool {
        let row = self.hasher.hash_one(row);
        match self.rows.entry(self.hasher.hash_one(identity)) {
            Entry::Vacant(free) => {
                free.insert(row);
                true
            }
            Entry::Occupied(taken) => *taken.get() == row,
        }
    }

    /// Moves an identity from one row to another. Returns whether it is the other row's now.
    pub(crate) fn pass(&mut self, identity: &IdentityId, from: &RecordKey, to: &RecordKey) -> bool {
        let hash = self.hasher.hash_one(identity);
        if self.rows.get(&hash) == Some(&self.hasher.hash_one(from)) {
            self.rows.remove(&hash);
        }
        self.claim(identity, to)
    }
}
