use std::fmt;

use acs_broker_store_dynamodb::RecordKey;
use identity_client::{Deadline, IdentityId};

use crate::error::WorkError;

/// One request on its way through the broker: its time, and who wants to know what happens.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub(crate) deadline: Deadline,
    observer: &'a dyn Observer,
}

/// Hears of what the broker's answer alone does not tell; feeds logs and metrics.
pub trait Observer: Sync {
    /// Something happened.
    fn saw(&self, happening: Happening);

    /// `sweep` could not finish what is due for a record and will try again later.
    fn postponed(&self, key: &RecordKey, why: &WorkError);
}

/// What happens to identities and tokens on the way to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// ACS made an identity.
    IdentityCreated,
    /// ACS said that a bound identity does not exist; a new one takes its place.
    IdentityReplaced,
    /// An identity that could not be bound was deleted at once.
    IdentityDiscarded,
    /// An identity that could not be deleted was written down for `sweep`.
    OrphanJournaled,
    /// ACS may have made an identity whose id nobody knows: its answer was lost, or the request
    /// that asked for it died.
    IdentityPossiblyLost,
    /// An identity could be neither bound, deleted nor written down: the operator must delete it.
    IdentityLost(IdentityId),
    /// A token was minted and not handed out, because the user's record had changed meanwhile.
    TokenDropped,
    /// The request waited for another one that was creating the user's identity.
    WaitedForLease,
}

impl<'a> Call<'a> {
    /// A request with the time it has.
    #[must_use]
    pub const fn new(deadline: Deadline, observer: &'a dyn Observer) -> Self {
        Self { deadline, observer }
    }

    pub(crate) fn saw(&self, happening: Happening) {
        self.observer.saw(happening);
    }

    pub(crate) fn postponed(&self, key: &RecordKey, why: &WorkError) {
        self.observer.postponed(key, why);
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
