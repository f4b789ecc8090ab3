//! The lasting state: identities, tokens, keys and the clock. A journal can rebuild all of it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::state::access_key::{AccessKey, KeySlot};
use crate::state::clock_offset::ClockOffset;
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
    offset: ClockOffset,
    /// The keys before any was regenerated.
    original_keys: [AccessKey; 2],
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
    created: Moment,
    deleted: Option<Moment>,
    /// The last revocation.
    revoked: Option<Moment>,
    /// The latest `tokensValidFrom`.
    valid_from: Option<Moment>,
    /// The fingerprints of its tokens, in the order of issue.
    tokens: Vec<String>,
}

/// The moment of a change, by the clock and by order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Moment {
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
    pub(crate) fn new(original_keys: [AccessKey; 2]) -> Self {
        let [primary, secondary] = original_keys.clone().map(|key| Key { key, since: 0 });
        Self {
            sequence: 0,
            offset: ClockOffset::default(),
            original_keys,
            primary,
            secondary,
            identities: BTreeMap::new(),
            tokens: HashMap::new(),
        }
    }

    /// The time by the resource's own clock.
    pub(crate) fn clock(&self, wall: Timestamp) -> Timestamp {
        self.offset.apply(wall)
    }

    /// The distance of the resource's clock from the wall clock, shared.
    pub(crate) fn offset(&self) -> &ClockOffset {
        &self.offset
    }

    /// The time by the resource's clock after a further advance, if a timestamp can hold it.
    pub(crate) fn clock_after(&self, seconds: u32, wall: Timestamp) -> Option<Timestamp> {
        let ahead = self.offset.seconds().checked_add(i64::from(seconds))?;
        ClockOffset::add(wall, ahead)
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
        self.identities.get(identity).is_some_and(|identity| identity.deleted.is_none())
    }

    /// Whether a token with this text was issued.
    pub(crate) fn has_token(&self, text: &str) -> bool {
        self.tokens.contains_key(&fingerprint(text))
    }

    /// Every identity, deleted ones too, in the order of creation.
    pub(crate) fn identities(&self) -> Vec<IdentityState> {
        let state = |(id, identity): (&String, &Identity)| IdentityState {
            id: id.clone(),
            created_at: identity.created.instant,
            deleted_at: identity.deleted.map(|at| at.instant),
            tokens_valid_from: identity.revoked.max(identity.valid_from).map(|at| at.instant),
            tokens_issued: identity.tokens.len() as u64,
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
        let state = |fingerprint: &String| {
            let token = self.tokens.get(fingerprint)?;
            let reason = self.inactive_reason(token, now);
            let (fingerprint, token) = (fingerprint.clone(), token.issued.clone());
            Some(TokenState { fingerprint, token, active: reason.is_none(), reason })
        };
        let its = self.identities.get(identity).into_iter().flat_map(|identity| &identity.tokens);
        its.filter_map(state).collect()
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
        if identity.is_none_or(|identity| identity.deleted.is_some()) {
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
        let moment = |instant: Timestamp| Moment { instant, sequence };
        match entry {
            JournalEntry::Created { identity, at } => {
                self.identities.insert(identity.clone(), Identity::new(moment(*at)));
            }
            JournalEntry::Issued { fingerprint, token } => {
                if let Some(identity) = self.identities.get_mut(&token.identity) {
                    identity.tokens.push(fingerprint.clone());
                }
                let token = Token { issued: token.clone(), sequence: self.sequence };
                self.tokens.insert(fingerprint.clone(), token);
            }
            JournalEntry::Revoked { identity, at } => {
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.revoked = Some(moment(*at));
                }
            }
            JournalEntry::ValidFrom { identity, instant } => {
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.raise_valid_from(moment(*instant));
                }
            }
            JournalEntry::Deleted { identity, at } => {
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.deleted = Some(moment(*at));
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
                self.offset.set(self.offset.seconds().saturating_add(i64::from(*seconds)));
            }
            JournalEntry::ClockSet { offset_seconds } => self.offset.set(*offset_seconds),
            JournalEntry::Reset => self.reset(),
        }
    }

    /// Forgets everything. The sequence goes on: an id is never used twice.
    fn reset(&mut self) {
        let [primary, secondary] = self.original_keys.clone().map(|key| Key { key, since: 0 });
        (self.primary, self.secondary) = (primary, secondary);
        self.identities.clear();
        self.tokens.clear();
        self.offset.set(0);
    }

    /// The fewest changes that lead from an empty state to this one, in their order.
    pub(crate) fn changes(&self) -> Vec<JournalEntry> {
        let mut changes = Vec::new();
        for (id, it) in &self.identities {
            let identity = || id.clone();
            let created = JournalEntry::Created { identity: identity(), at: it.created.instant };
            changes.push((it.created.sequence, created));
            changes.extend(it.revoked.map(|Moment { instant: at, sequence }| {
                (sequence, JournalEntry::Revoked { identity: identity(), at })
            }));
            changes.extend(it.valid_from.map(|Moment { instant, sequence }| {
                (sequence, JournalEntry::ValidFrom { identity: identity(), instant })
            }));
            changes.extend(it.deleted.map(|Moment { instant: at, sequence }| {
                (sequence, JournalEntry::Deleted { identity: identity(), at })
            }));
        }
        changes.extend(self.tokens.iter().map(|(fingerprint, Token { issued, sequence })| {
            let (fingerprint, token) = (fingerprint.clone(), issued.clone());
            (*sequence, JournalEntry::Issued { fingerprint, token })
        }));
        for slot in [KeySlot::Primary, KeySlot::Secondary] {
            let Key { key, since } = self.key(slot);
            let regenerated = JournalEntry::KeyRegenerated { slot, key: key.clone() };
            changes.extend((*since > 0).then_some((*since, regenerated)));
        }
        changes.sort_by_key(|(sequence, _)| *sequence);
        let offset_seconds = self.offset.seconds();
        let clock = (offset_seconds != 0).then_some(JournalEntry::ClockSet { offset_seconds });
        changes.into_iter().map(|(_, change)| change).chain(clock).collect()
    }
}

impl Identity {
    fn new(created: Moment) -> Self {
        Self { created, deleted: None, revoked: None, valid_from: None, tokens: Vec::new() }
    }

    /// Sets `valid_from`, except to an earlier instant: that would make revoked tokens valid again.
    fn raise_valid_from(&mut self, cutoff: Moment) {
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
