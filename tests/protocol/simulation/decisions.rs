//! What was decided about suspensions, and what follows for certain.

use std::time::Duration;

use acs_broker_core::{Initiator, RecordKey};
use identity_client::Timestamp;
use tokio::time::Instant;

/// What operators and the identity provider have decision about banning users, and what follows from it
/// for certain although nobody knows in which order it has arrived.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    all: Vec<Decision>,
    /// By how much the clocks of two processes differ at most.
    clock_difference: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) user: RecordKey,
    pub(crate) initiator: Initiator,
    /// Whether it lets the user in; else it shuts them out.
    pub(crate) lifts: bool,
    pub(crate) asked: Moment,
    pub(crate) acknowledged: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) instant: Instant,
    pub(crate) wall: Timestamp,
}

/// By how much the identity provider's clock is ahead at most.
pub(crate) const LEAD: Duration = Duration::from_secs(2);
/// After this time nothing of a request is on its way any more.
const LONGEST_REQUEST: Duration = Duration::from_secs(25);

impl Decisions {
    pub(crate) fn new(clock_difference: Duration) -> Self {
        Self { all: Vec::new(), clock_difference }
    }

    /// Writes down what is asked for, and returns its number.
    pub(crate) fn asked(&mut self, decision: Decision) -> usize {
        self.all.push(decision);
        self.all.len() - 1
    }

    pub(crate) fn acknowledged(&mut self, number: usize, at: Moment) {
        self.all[number].acknowledged = Some(at);
    }

    /// The instants of events about a user that may arrive once more.
    pub(crate) fn events(&self, user: &RecordKey, lifts: bool) -> Vec<Timestamp> {
        let same =
            self.all.iter().filter(|decision| decision.user == *user && decision.lifts == lifts);
        let at = same.filter_map(|decision| match decision.initiator {
            Initiator::IdentityProvider { occurred_at: at } => Some(at),
            Initiator::Operator | Initiator::User { .. } => None,
        });
        at.collect()
    }

    /// A decision that was acknowledged before this instant and stands against all others; `None` where
    /// that is not certain.
    pub(crate) fn stands(
        &self,
        user: &RecordKey,
        lifts: bool,
        before: Instant,
    ) -> Option<&Decision> {
        let of_user = || self.all.iter().filter(|decision| decision.user == *user);
        let is_over =
            |decision: &&Decision| decision.acknowledged.is_some_and(|at| at.instant < before);
        let mut candidates = of_user().filter(|decision| decision.lifts == lifts).filter(is_over);
        candidates.find(|decision| {
            of_user()
                .filter(|other| other.lifts != lifts)
                .all(|other| decision.outweighs(other, self.clock_difference))
        })
    }
}

impl Decision {
    /// Whether this one stands against its opposite, in whichever order they have arrived.
    fn outweighs(&self, other: &Self, clock_difference: Duration) -> bool {
        use Initiator::{IdentityProvider, Operator, User};
        match (self.initiator, other.initiator) {
            (Operator, Operator) => other.end().0 < self.asked.instant,
            (Operator, IdentityProvider { occurred_at }) => {
                !self.lifts || occurred_at < self.asked.wall
            }
            (IdentityProvider { occurred_at }, Operator) => {
                other.lifts && occurred_at > other.end().1 + LEAD * 2 + clock_difference
            }
            (IdentityProvider { occurred_at: own }, IdentityProvider { occurred_at }) => {
                occurred_at < own || !self.lifts && occurred_at == own
            }
            (User { .. }, _) | (_, User { .. }) => false,
        }
    }

    /// When nothing of the request was on its way any more.
    fn end(&self) -> (Instant, Timestamp) {
        self.acknowledged.map_or(
            (self.asked.instant + LONGEST_REQUEST, self.asked.wall + LONGEST_REQUEST),
            |at| (at.instant, at.wall),
        )
    }
}
