//! Users in a process's memory: by a digest of 16 bytes, in place of issuer and subject.

use std::hash::{BuildHasher as _, RandomState};

use crate::record::RecordKey;

/// Makes digests under keys of its own, which no other process has.
#[derive(Debug, Default)]
pub(crate) struct UserDigests([RandomState; 2]);

/// A user's digest. Two users may have the same one, in theory: whatever a process remembers is
/// checked against the record before anybody gets it, so that the worst is a request that begins
/// anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserDigest([u64; 2]);

impl UserDigests {
    pub(crate) fn of(&self, user: &RecordKey) -> UserDigest {
        UserDigest(self.0.each_ref().map(|keyed| keyed.hash_one(user)))
    }
}
