//! What a warm function remembers of what it has asked ACS for: enough to hand out a token again to
//! a user who asks in a loop, and to refuse one who makes it mint or revoke without end.
//!
//! A token in memory is handed out only after the same strongly consistent read that a new one
//! needs, and only if the record and the global cutoff are those of the read that followed its
//! minting. Every revocation, suspension and deletion writes the record, so none of them lies
//! between the minting and the answer: the token is as good as one that was minted just now.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use identity_client::{AccessKey, UserToken};
use jiff::Timestamp;
use lru::LruCache;

use crate::policy::Grant;
use crate::record::{RecordKey, UniqueId};
use crate::store::UserSnapshot;
use crate::time::{EpochSeconds, later};
use crate::user_digest::{UserDigest, UserDigests};

/// The tokens of the users whom this process has served lately.
pub(crate) struct TokenMemory {
    digests: UserDigests,
    users: Mutex<LruCache<UserDigest, UserTokens>>,
}

/// A token, and what held when it was minted.
#[derive(Clone, Debug)]
pub(crate) struct Minted {
    pub(crate) token: UserToken,
    /// When it was minted.
    at: Timestamp,
    /// The access key in use. ACS kills the tokens of a key that is regenerated.
    key: AccessKey,
    revision: Option<UniqueId>,
    global_cutoff: Option<EpochSeconds>,
}

#[derive(Default)]
struct UserTokens {
    mints: Calls,
    /// Revocations that keep the user's sessions. Others end the session that could repeat them.
    revocations: Calls,
    grants: Vec<GrantTokens>,
}

/// The calls of one kind within the window, the oldest one first.
#[derive(Default)]
struct Calls(VecDeque<Timestamp>);

struct GrantTokens {
    grant: Grant,
    /// The last three requests, the oldest one first.
    requests: [Option<Timestamp>; 3],
    minted: Option<Minted>,
}

/// How many users' tokens are remembered; a token takes about a kilobyte.
const MAX_USERS: NonZeroUsize = NonZeroUsize::new(2_000).unwrap();
/// How many different grants are remembered for one user.
const MAX_GRANTS: usize = 4;
/// How many revocations that keep the sessions a user may ask for within the window: a user has few
/// devices to lose, and ACS's quota for all users is a thousand a minute.
const MAX_REVOCATIONS: NonZeroUsize = NonZeroUsize::new(5).unwrap();
/// Within this time the third request gets the token of an earlier one, and calls are counted.
const WINDOW: Duration = Duration::from_mins(1);

impl TokenMemory {
    pub(crate) fn new() -> Self {
        Self { digests: UserDigests::default(), users: Mutex::new(LruCache::new(MAX_USERS)) }
    }

    /// Notes a request.
    pub(crate) fn note_request(&self, user: &RecordKey, grant: &Grant, now: Timestamp) {
        let mut users = self.lock();
        let user = self.digests.of(user);
        let tokens = users.get_or_insert_mut(user, UserTokens::default).of(grant);
        let [_, before, last] = tokens.requests;
        tokens.requests = [before, last, Some(now)];
    }

    /// Returns the token that may be handed out again: from the third request within a minute on,
    /// if the token is younger than a minute and its key is in use.
    pub(crate) fn reusable(
        &self,
        user: &RecordKey,
        grant: &Grant,
        key: &AccessKey,
        now: Timestamp,
    ) -> Option<Minted> {
        let mut users = self.lock();
        let tokens = users.get_mut(&self.digests.of(user))?.of(grant);
        let [before, ..] = tokens.requests;
        before.filter(|at| is_recent(*at, now))?;
        let minted = tokens.minted.as_ref().filter(|minted| is_recent(minted.at, now));
        minted.filter(|minted| minted.key == *key).cloned()
    }

    /// Forgets the token of a user and a grant.
    pub(crate) fn forget(&self, user: &RecordKey, grant: &Grant) {
        if let Some(tokens) = self.lock().get_mut(&self.digests.of(user)) {
            tokens.of(grant).minted = None;
        }
    }

    /// Notes that a token is about to be minted.
    ///
    /// # Errors
    /// The user has had `max` tokens minted within a minute; the time after which there is room
    /// for another one.
    pub(crate) fn note_mint(
        &self,
        user: &RecordKey,
        max: NonZeroUsize,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let mut users = self.lock();
        let user = self.digests.of(user);
        users.get_or_insert_mut(user, UserTokens::default).mints.note(max, now)
    }

    /// Notes that a user is about to revoke their tokens and keep their sessions.
    ///
    /// # Errors
    /// The user has done so too often within a minute; the time after which they may again.
    pub(crate) fn note_revocation(&self, user: &RecordKey, now: Timestamp) -> Result<(), Duration> {
        let mut users = self.lock();
        let user = self.digests.of(user);
        let revocations = &mut users.get_or_insert_mut(user, UserTokens::default).revocations;
        revocations.note(MAX_REVOCATIONS, now)
    }

    /// Remembers a token that was found valid by `snapshot`, if it is for the second request
    /// within a minute or a later one: only then the next request may get it.
    pub(crate) fn remember(
        &self,
        user: &RecordKey,
        grant: &Grant,
        token: &UserToken,
        key: AccessKey,
        snapshot: &UserSnapshot,
        now: Timestamp,
    ) {
        let mut users = self.lock();
        let user = self.digests.of(user);
        let tokens = users.get_or_insert_mut(user, UserTokens::default).of(grant);
        let [_, before, _] = tokens.requests;
        if before.is_some_and(|at| is_recent(at, now)) {
            let (revision, global_cutoff) = (snapshot.stored.revision, snapshot.global_cutoff);
            let token = token.clone();
            tokens.minted = Some(Minted { token, at: now, key, revision, global_cutoff });
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<UserDigest, UserTokens>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn note(&mut self, max: NonZeroUsize, now: Timestamp) -> Result<(), Duration> {
        let Self(calls) = self;
        calls.retain(|at| is_recent(*at, now));
        if calls.len() < max.get() {
            calls.push_back(now);
            return Ok(());
        }
        let room_at = calls.front().map_or(now, |oldest| later(*oldest, WINDOW));
        Err(Duration::try_from(room_at.duration_since(now)).unwrap_or_default())
    }
}

impl UserTokens {
    /// Returns what is remembered for a grant, which becomes the last of the list.
    fn of(&mut self, grant: &Grant) -> &mut GrantTokens {
        let index = self.grants.iter().position(|known| known.grant == *grant);
        let known = match index {
            Some(index) => self.grants.remove(index),
            None => GrantTokens { grant: grant.clone(), requests: [None; 3], minted: None },
        };
        if self.grants.len() == MAX_GRANTS {
            self.grants.remove(0);
        }
        self.grants.push_mut(known)
    }
}

impl Minted {
    /// Returns whether nothing has changed for the user since the token was minted.
    pub(crate) fn is_unchanged(&self, snapshot: &UserSnapshot) -> bool {
        self.revision.is_some()
            && self.revision == snapshot.stored.revision
            && self.global_cutoff == snapshot.global_cutoff
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    // A time ahead of ours comes of a clock that was set back.
    at <= now && now < later(at, WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn user() -> RecordKey {
        "user https://idp.example alice".parse().unwrap()
    }

    /// A clock that was set back neither hands out an old token nor refuses a user for long.
    #[test]
    fn clock_set_back_forgets() {
        let memory = TokenMemory::new();
        let max = NonZeroUsize::new(1).unwrap();
        assert_eq!(memory.note_mint(&user(), max, at(1000)), Ok(()));
        assert_eq!(memory.note_mint(&user(), max, at(1030)), Err(Duration::from_secs(30)));
        assert_eq!(memory.note_mint(&user(), max, at(10)), Ok(()));
    }
}
