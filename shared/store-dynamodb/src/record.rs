use std::time::Duration;

use identity_client::{IdentityId, Timestamp};

use crate::nonce::Nonce;

/// Whole seconds since 1970: the unit of JWT claims (RFC 7519, `NumericDate`) and of DynamoDB's TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochSeconds(pub i64);

/// Rounds down: a session of the second in which a revocation fell counts as older than it.
impl From<Timestamp> for EpochSeconds {
    fn from(instant: Timestamp) -> Self {
        Self(instant.as_millisecond().div_euclid(1000))
    }
}

/// All that is known about one user, or about one orphan. Tables keep its instants cut to
/// whole milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The user's ACS identity.
    pub binding: Option<Binding>,
    /// The watermark: sessions that signed in at or before it get no token.
    pub sign_in_not_before: Option<EpochSeconds>,
    /// What was decided last about banning the user. A ban that was lifted is remembered, so that an
    /// older word, arriving late, does not bring it back.
    pub suspension: Option<Suspension>,
    /// Who may create the identity just now.
    pub lease: Option<Lease>,
    /// What has been accepted and must still be done at ACS.
    pub pending: Option<Pending>,
    /// When ACS first said that the bound identity does not exist. It is believed when it says so
    /// again a while later.
    pub doubted_since: Option<Timestamp>,
    /// How many identities ACS may have made for the user whose ids nobody knows: leases that ended
    /// without anybody's word of what came of them.
    pub possibly_lost: u32,
    /// When the row stops to count; rows that hold an identity have none.
    pub expires_at: Option<EpochSeconds>,
}

/// A decision about whether the user is banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Who decided.
    pub by: Authority,
    /// Whether the ban was lifted; otherwise it is in force, until somebody lifts it.
    pub lifted: bool,
    /// When it was decided; of two decisions of the identity provider the later one counts.
    pub at: Timestamp,
}

/// Whose word a suspension is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// An operator of this product.
    Operator,
    /// The identity provider.
    Provider,
}

/// An ACS identity in a user's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The identity.
    pub identity: IdentityId,
    /// When the session signed in for which the identity was created.
    pub sign_in: EpochSeconds,
}

/// The right to create the user's identity, held by one request for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The request that holds it.
    pub owner: Nonce,
    /// When others may take it.
    pub until: Timestamp,
    /// When the session signed in that the request serves.
    pub sign_in: EpochSeconds,
    /// Whether the right to bind was taken away. The lease stays until its holder has discarded what
    /// it made, so that a holder which dies meanwhile is noticed.
    pub void: bool,
}

impl Lease {
    /// Whether others must still wait.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// Work at ACS that has been accepted and is not known to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What to do.
    pub work: Work,
    /// The revocation or deletion that asked for it last; only its own end clears it.
    pub owner: Nonce,
    /// When it was accepted.
    pub since: Timestamp,
    /// When `sweep` should try again, should nobody have finished it before.
    pub retry_at: Timestamp,
}

/// The two kinds of work at ACS that must never be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Revoke the identity's tokens.
    Revoke,
    /// Delete the identity.
    Delete,
}

impl Pending {
    /// How long the request that accepted the work has it to itself.
    pub const HEAD_START: Duration = Duration::from_mins(1);
    const LONGEST_PAUSE: Duration = Duration::from_hours(1);

    /// Work accepted now.
    #[must_use]
    pub fn accepted(work: Work, owner: Nonce, now: Timestamp) -> Self {
        Self { work, owner, since: now, retry_at: later(now, Self::HEAD_START) }
    }

    /// The same work after a failed try: it waits as long again as it is old, within 1..60 minutes,
    /// so that work which cannot succeed does not crowd out the rest.
    #[must_use]
    pub fn postponed(self, now: Timestamp) -> Self {
        let age = Duration::try_from(now.duration_since(self.since)).unwrap_or_default();
        Self { retry_at: later(now, age.clamp(Self::HEAD_START, Self::LONGEST_PAUSE)), ..self }
    }
}

impl Record {
    /// Whether the user is banned.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.suspension.is_some_and(|suspension| !suspension.lifted)
    }

    /// When `sweep` should look at this record, if ever.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.pending.map(|pending| pending.retry_at).or(self.lease.map(|lease| lease.until))
    }

    /// Whether the row's time is over: DynamoDB removes such rows late, so readers must ask.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= EpochSeconds::from(now))
    }
}

pub(crate) fn later(instant: Timestamp, pause: Duration) -> Timestamp {
    instant.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn work_that_keeps_failing_is_tried_ever_more_rarely_but_at_least_hourly() {
        let fresh = Pending::accepted(Work::Revoke, Nonce::from_bits(1), at(1000));
        assert_eq!(fresh.retry_at, at(1060));
        let second = fresh.postponed(at(1061));
        assert_eq!(second.retry_at, at(1061 + 61));
        let old = fresh.postponed(at(1_000_000));
        assert_eq!(old.retry_at, at(1_003_600));
        assert_eq!(old.since, at(1000), "its age must stay visible");
    }

    #[test]
    fn a_fraction_of_a_second_never_moves_an_instant_forward() {
        let instant = Timestamp::from_millisecond(1999).unwrap();
        assert_eq!(EpochSeconds::from(instant), EpochSeconds(1));
        let before_1970 = Timestamp::from_millisecond(-1).unwrap();
        assert_eq!(EpochSeconds::from(before_1970), EpochSeconds(-1));
    }

    #[test]
    fn a_lease_ends_at_its_instant() {
        let lease = Lease {
            owner: Nonce::from_bits(1),
            until: at(10),
            sign_in: EpochSeconds(1),
            void: false,
        };
        assert!(lease.is_live(at(9)) && !lease.is_live(at(10)));
        assert!(Lease { void: true, ..lease }.is_live(at(9)), "its holder has yet to clean up");
    }

    #[test]
    fn a_tombstone_ends_at_its_second() {
        let record = Record { expires_at: Some(EpochSeconds(10)), ..Record::default() };
        assert!(!record.has_expired(at(9)) && record.has_expired(at(10)));
    }
}
