//! The lasting state: identities, tokens, keys and the clock. A journal can rebuild all of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::state::access_key::{AccessKey, KeySlot};
use crate::state::introspection::{IdentityState, InactiveReason, Introspection, TokenState};
use crate::state::issued_token::{IssuedToken, fingerprint};
use crate::state::journal_entry::JournalEntry;

/// The place of an entry in the order of all entries. It decides which tokens a revocation reaches,
/// because two events of one instant have the same time but never the same place.
type Sequence = u64;

/// The state of one emulated resource that survives a restart.
#[derive(Debug)]
pub(crate) struct EmulatorState {
    /// The number of entries so far.
    sequence: Sequence,
    clock_ahead: Duration,
    primary: Key,
    secondary: Key,
    /// By id. Ids count upwards, so this is the order of creation.
    identities: BTreeMap<String, Identity>,
    /// By fingerprint.
    tokens: HashMap<String, Token>,
}

#[derive(Debug)]
struct Key {
    key: AccessKey,
    /// The place of its creation: earlier tokens of this slot were made with another key.
    since: Sequence,
}

#[derive(Debug)]
struct Identity {
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
    /// The last revocation.
    revoked: Option<Cutoff>,
    /// The latest `tokensValidFrom`.
    valid_from: Option<Cutoff>,
    tokens_issued: u64,
}

/// The moment of a revocation, by the clock and by order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Cutoff {
    instant: Timestamp,
    sequence: Sequence,
}

#[derive(Debug)]
struct Token {
    issued: IssuedToken,
    sequence: Sequence,
}

impl EmulatorState {
    /// A resource without identities.
    pub(crate) fn new([primary, secondary]: [AccessKey; 2]) -> Self {
        let original = |key| Key { key, since: 0 };
        Self {
            sequence: 0,
            clock_ahead: Duration::ZERO,
            primary: original(primary),
            secondary: original(secondary),
            identities: BTreeMap::new(),
            tokens: HashMap::new(),
        }
    }

    /// The time by the resource's own clock.
    pub(crate) fn clock(&self, wall: Timestamp) -> Timestamp {
        wall.checked_add(self.clock_ahead).unwrap_or(wall)
    }

    /// The time by the resource's clock after a further advance, if a timestamp can hold it.
    pub(crate) fn clock_after(&self, seconds: u32, wall: Timestamp) -> Option<Timestamp> {
        let ahead = self.clock_ahead + Duration::from_secs(u64::from(seconds));
        wall.checked_add(ahead).ok()
    }

    /// A number that no other state of this resource has or had, for unique ids.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Both access keys that are valid now.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (KeySlot, &AccessKey)> {
        [(KeySlot::Primary, &self.primary.key), (KeySlot::Secondary, &self.secondary.key)]
            .into_iter()
    }

    /// The primary access key that is valid now.
    pub(crate) fn primary_key(&self) -> &AccessKey {
        &self.primary.key
    }

    /// Whether the identity exists and is not deleted.
    pub(crate) fn has_identity(&self, identity: &str) -> bool {
        self.identities.get(identity).is_some_and(|identity| identity.deleted_at.is_none())
    }

    /// Whether a token with this text was issued.
    pub(crate) fn has_token(&self, text: &str) -> bool {
        self.tokens.contains_key(&fingerprint(text))
    }

    /// Every identity, deleted ones too, in the order of creation.
    pub(crate) fn identities(&self) -> Vec<IdentityState> {
        let state = |(id, identity): (&String, &Identity)| IdentityState {
            id: id.clone(),
            created_at: identity.created_at,
            deleted_at: identity.deleted_at,
            tokens_valid_from: identity.revoked.max(identity.valid_from).map(|at| at.instant),
            tokens_issued: identity.tokens_issued,
        };
        self.identities.iter().map(state).collect()
    }

    /// Whether the token would be accepted when the resource's clock shows `now`.
    pub(crate) fn introspect(&self, text: &str, now: Timestamp) -> Introspection {
        let Some(token) = self.tokens.get(&fingerprint(text)) else {
            return Introspection::Inactive(InactiveReason::Unknown);
        };
        match self.inactive_reason(token, now) {
            Some(reason) => Introspection::Inactive(reason),
            None => Introspection::Active(token.issued.clone()),
        }
    }

    /// Every token that the identity ever had, in the order of issue, when the resource's clock
    /// shows `now`.
    pub(crate) fn tokens_of(&self, identity: &str, now: Timestamp) -> Vec<TokenState> {
        let is_its = |(_, token): &(&String, &Token)| token.issued.identity == identity;
        let mut tokens: Vec<_> = self.tokens.iter().filter(is_its).collect();
        tokens.sort_by_key(|(_, token)| token.sequence);
        let state = |(fingerprint, token): (&String, &Token)| {
            let reason = self.inactive_reason(token, now);
            let (fingerprint, token) = (fingerprint.clone(), token.issued.clone());
            TokenState { fingerprint, token, active: reason.is_none(), reason }
        };
        tokens.into_iter().map(state).collect()
    }

    fn key(&self, slot: KeySlot) -> &Key {
        match slot {
            KeySlot::Primary => &self.primary,
            KeySlot::Secondary => &self.secondary,
        }
    }

    /// The first reason that applies, or `None` for a token that is still accepted.
    fn inactive_reason(&self, token: &Token, now: Timestamp) -> Option<InactiveReason> {
        let issued = &token.issued;
        let identity = self.identities.get(&issued.identity);
        if identity.is_none_or(|identity| identity.deleted_at.is_some()) {
            Some(InactiveReason::IdentityDeleted)
        } else if identity.is_some_and(|identity| identity.has_revoked(token)) {
            Some(InactiveReason::Revoked)
        } else if token.sequence < self.key(issued.key).since {
            Some(InactiveReason::KeyRegenerated)
        } else if now.as_second() >= issued.expires_on.as_second() {
            Some(InactiveReason::Expired)
        } else {
            None
        }
    }

    /// Applies one entry. New entries and replayed ones take this one way, so that a restart
    /// rebuilds exactly the state that clients have seen.
    pub(crate) fn apply(&mut self, entry: &JournalEntry) {
        self.sequence += 1;
        let sequence = self.sequence;
        let cutoff = |instant: Timestamp| Cutoff { instant, sequence };
        match entry {
            JournalEntry::Created { identity, at } => {
                self.identities.insert(identity.clone(), Identity::new(*at));
            }
            JournalEntry::Issued { fingerprint, token } => {
                if let Some(identity) = self.identities.get_mut(&token.identity) {
                    identity.tokens_issued += 1;
                }
                let token = Token { issued: token.clone(), sequence: self.sequence };
                self.tokens.insert(fingerprint.clone(), token);
            }
            JournalEntry::Revoked { identity, at } => {
                let cutoff = cutoff(*at);
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.revoked = Some(cutoff);
                }
            }
            JournalEntry::ValidFrom { identity, instant } => {
                let cutoff = cutoff(*instant);
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.raise_valid_from(cutoff);
                }
            }
            JournalEntry::Deleted { identity, at } => {
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.deleted_at = Some(*at);
                }
            }
            JournalEntry::KeyRegenerated { slot, key } => {
                let key = Key { key: key.clone(), since: sequence };
                match slot {
                    KeySlot::Primary => self.primary = key,
                    KeySlot::Secondary => self.secondary = key,
                }
            }
            JournalEntry::ClockAdvanced { seconds } => {
                self.clock_ahead += Duration::from_secs(u64::from(*seconds));
            }
        }
    }
}

impl Identity {
    fn new(created_at: Timestamp) -> Self {
        Self { created_at, deleted_at: None, revoked: None, valid_from: None, tokens_issued: 0 }
    }

    /// Sets `valid_from`, except to an earlier instant: that would make revoked tokens valid again.
    fn raise_valid_from(&mut self, cutoff: Cutoff) {
        if self.valid_from.is_none_or(|old| old.instant <= cutoff.instant) {
            self.valid_from = Some(cutoff);
        }
    }

    /// Whether a revocation or `tokensValidFrom` has revoked the token.
    fn has_revoked(&self, token: &Token) -> bool {
        let issued_at = token.issued.issued_at;
        self.revoked.is_some_and(|cutoff| token.sequence < cutoff.sequence)
            || self.valid_from.is_some_and(|cutoff| {
                // JavaScript's clock has whole milliseconds only: a token of the very same
                // millisecond that already exists was issued before.
                let in_order = token.sequence < cutoff.sequence
                    && issued_at.as_millisecond() <= cutoff.instant.as_millisecond();
                issued_at < cutoff.instant || in_order
            })
    }
}
