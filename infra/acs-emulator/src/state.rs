//! Identities, tokens, keys and the clock: all that a journal can rebuild.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::access_key::{AccessKey, KeySlot};
use crate::change::Change;
use crate::introspection::{IdentityState, Inactive, Introspection, IssuedToken};
use crate::token::fingerprint;

/// The place of a change in the order of all changes. What kills a token is decided by it, so that
/// no clock's granularity can blur what came first.
type Sequence = u64;

/// Everything that lasts.
#[derive(Debug)]
pub(crate) struct State {
    /// The number of changes so far.
    sequence: Sequence,
    clock_ahead: Duration,
    primary: Key,
    secondary: Key,
    /// By id; ids count upwards, so this is the order of creation.
    identities: BTreeMap<String, Identity>,
    /// By fingerprint.
    tokens: HashMap<String, Token>,
}

#[derive(Debug)]
struct Key {
    key: AccessKey,
    /// Tokens made with it before are dead.
    since: Sequence,
}

#[derive(Debug)]
struct Identity {
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
    /// The last revocation.
    revoked: Option<Cut>,
    /// The latest `tokensValidFrom`.
    valid_from: Option<Cut>,
    tokens_issued: u64,
}

/// When tokens were withdrawn, by the clock and by order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Cut {
    instant: Timestamp,
    sequence: Sequence,
}

#[derive(Debug)]
struct Token {
    issued: IssuedToken,
    sequence: Sequence,
}

impl State {
    pub(crate) fn new([primary, secondary]: [AccessKey; 2]) -> Self {
        let first = |key| Key { key, since: 0 };
        Self {
            sequence: 0,
            clock_ahead: Duration::ZERO,
            primary: first(primary),
            secondary: first(secondary),
            identities: BTreeMap::new(),
            tokens: HashMap::new(),
        }
    }

    /// The resource's own clock.
    pub(crate) fn clock(&self, wall: Timestamp) -> Timestamp {
        wall.checked_add(self.clock_ahead).unwrap_or(wall)
    }

    /// The same, put forward further; none beyond what a timestamp can hold.
    pub(crate) fn clock_after(&self, seconds: u32, wall: Timestamp) -> Option<Timestamp> {
        let ahead = self.clock_ahead + Duration::from_secs(u64::from(seconds));
        wall.checked_add(ahead).ok()
    }

    /// A number that no other state of this resource has or had.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = (KeySlot, &AccessKey)> {
        [(KeySlot::Primary, &self.primary.key), (KeySlot::Secondary, &self.secondary.key)]
            .into_iter()
    }

    pub(crate) fn primary_key(&self) -> &AccessKey {
        &self.primary.key
    }

    /// Whether the identity exists and is not deleted.
    pub(crate) fn is_alive(&self, identity: &str) -> bool {
        self.identities.get(identity).is_some_and(|identity| identity.deleted_at.is_none())
    }

    pub(crate) fn knows_token(&self, text: &str) -> bool {
        self.tokens.contains_key(&fingerprint(text))
    }

    pub(crate) fn identities(&self) -> Vec<IdentityState> {
        let state = |(id, identity): (&String, &Identity)| IdentityState {
            id: id.clone(),
            created_at: identity.created_at,
            deleted_at: identity.deleted_at,
            tokens_valid_from: identity.revoked.max(identity.valid_from).map(|cut| cut.instant),
            tokens_issued: identity.tokens_issued,
        };
        self.identities.iter().map(state).collect()
    }

    /// Whether the token would be accepted when the resource's clock shows `now`.
    pub(crate) fn introspect(&self, text: &str, now: Timestamp) -> Introspection {
        let Some(token) = self.tokens.get(&fingerprint(text)) else {
            return Introspection::Inactive(Inactive::Unknown);
        };
        match self.death_of(token, now) {
            Some(death) => Introspection::Inactive(death),
            None => Introspection::Active(token.issued.clone()),
        }
    }

    fn key(&self, slot: KeySlot) -> &Key {
        match slot {
            KeySlot::Primary => &self.primary,
            KeySlot::Secondary => &self.secondary,
        }
    }

    fn death_of(&self, token: &Token, now: Timestamp) -> Option<Inactive> {
        let issued = &token.issued;
        let identity = self.identities.get(&issued.identity);
        if identity.is_none_or(|identity| identity.deleted_at.is_some()) {
            Some(Inactive::IdentityDeleted)
        } else if identity.is_some_and(|identity| identity.withdrew(token)) {
            Some(Inactive::Revoked)
        } else if token.sequence < self.key(issued.key).since {
            Some(Inactive::KeyRegenerated)
        } else if now.as_second() >= issued.expires_on.as_second() {
            Some(Inactive::Expired)
        } else {
            None
        }
    }

    /// The only way anything lasting happens, now or in a replay.
    pub(crate) fn apply(&mut self, change: &Change) {
        self.sequence += 1;
        let sequence = self.sequence;
        let cut = |instant: Timestamp| Cut { instant, sequence };
        match change {
            Change::Created { identity, at } => {
                self.identities.insert(identity.clone(), Identity::new(*at));
            }
            Change::Issued { fingerprint, token } => {
                if let Some(identity) = self.identities.get_mut(&token.identity) {
                    identity.tokens_issued += 1;
                }
                let token = Token { issued: token.clone(), sequence: self.sequence };
                self.tokens.insert(fingerprint.clone(), token);
            }
            Change::Revoked { identity, at } => {
                let cut = cut(*at);
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.revoked = Some(cut);
                }
            }
            Change::ValidFrom { identity, instant } => {
                let cut = cut(*instant);
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.valid_from(cut);
                }
            }
            Change::Deleted { identity, at } => {
                if let Some(identity) = self.identities.get_mut(identity) {
                    identity.deleted_at = Some(*at);
                }
            }
            Change::KeyRegenerated { slot, key } => {
                let key = Key { key: key.clone(), since: sequence };
                match slot {
                    KeySlot::Primary => self.primary = key,
                    KeySlot::Secondary => self.secondary = key,
                }
            }
            Change::ClockAdvanced { seconds } => {
                self.clock_ahead += Duration::from_secs(u64::from(*seconds));
            }
        }
    }
}

impl Identity {
    fn new(created_at: Timestamp) -> Self {
        Self { created_at, deleted_at: None, revoked: None, valid_from: None, tokens_issued: 0 }
    }

    /// An earlier instant than the one in force would bring tokens back to life: it is ignored.
    fn valid_from(&mut self, cut: Cut) {
        if self.valid_from.is_none_or(|old| old.instant <= cut.instant) {
            self.valid_from = Some(cut);
        }
    }

    fn withdrew(&self, token: &Token) -> bool {
        let issued_at = token.issued.issued_at;
        self.revoked.is_some_and(|cut| token.sequence < cut.sequence)
            || self.valid_from.is_some_and(|cut| {
                // JavaScript's clock has no fractions of a millisecond: a token of the very same
                // millisecond that is already there was issued before.
                let in_order = token.sequence < cut.sequence
                    && issued_at.as_millisecond() <= cut.instant.as_millisecond();
                issued_at < cut.instant || in_order
            })
    }
}
