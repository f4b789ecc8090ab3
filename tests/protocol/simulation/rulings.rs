use std::time::Duration;

use acs_broker_core::Ruling;
use acs_broker_store_dynamodb::RecordKey;
use identity_client::Timestamp;
use tokio::time::Instant;

/// What operators and the identity provider have said about banning users, and what follows from it
/// for certain although nobody knows in which order it has arrived.
#[derive(Debug, Default)]
pub(crate) struct Rulings(Vec<Said>);

#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) user: RecordKey,
    pub(crate) ruling: Ruling,
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

impl Rulings {
    /// Writes down what is asked for, and returns its number.
    pub(crate) fn asked(&mut self, said: Said) -> usize {
        self.0.push(said);
        self.0.len() - 1
    }

    pub(crate) fn acknowledged(&mut self, number: usize, at: Moment) {
        self.0[number].acknowledged = Some(at);
    }

    /// The instants of events about a user that may arrive once more.
    pub(crate) fn events(&self, user: &RecordKey, lifts: bool) -> Vec<Timestamp> {
        let same = self.0.iter().filter(|said| said.user == *user && said.lifts == lifts);
        let at = same.filter_map(|said| match said.ruling {
            Ruling::Event(at) => Some(at),
            Ruling::Operator => None,
        });
        at.collect()
    }

    /// A ruling that was acknowledged before this instant and stands against all others; `None` where
    /// that is not certain.
    pub(crate) fn stands(&self, user: &RecordKey, lifts: bool, before: Instant) -> Option<&Said> {
        let of_user = || self.0.iter().filter(|said| said.user == *user);
        let is_over = |said: &&Said| said.acknowledged.is_some_and(|at| at.instant < before);
        let mut candidates = of_user().filter(|said| said.lifts == lifts).filter(is_over);
        candidates.find(|said| {
            of_user().filter(|other| other.lifts != lifts).all(|other| said.outweighs(other))
        })
    }
}

impl Said {
    /// Whether this one stands against its opposite, in whichever order they have arrived.
    fn outweighs(&self, other: &Self) -> bool {
        match (self.ruling, other.ruling) {
            (Ruling::Operator, Ruling::Operator) => other.end().0 < self.asked.instant,
            (Ruling::Operator, Ruling::Event(at)) => !self.lifts || at < self.asked.wall,
            (Ruling::Event(at), Ruling::Operator) => other.lifts && at > other.end().1 + LEAD * 2,
            (Ruling::Event(own), Ruling::Event(at)) if self.lifts => at < own,
            (Ruling::Event(own), Ruling::Event(at)) => at <= own,
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
