//! What happens on the way to a response and the response does not tell; logs and metrics show it.

use identity_client::IdentityId;

use crate::error::BrokerError;
use crate::record::RecordKey;
use crate::store_error::StoreError;

/// Receives the events of the broker.
pub trait Observer: Sync {
    /// Receives an event.
    fn on_event(&self, event: BrokerEvent);

    /// Receives the reason why `sweep` could not complete what is due for a record. It is
    /// scheduled to be tried again.
    fn on_retry_scheduled(&self, key: &RecordKey, why: &BrokerError);

    /// Receives the reason why a write failed that nobody waits for. `write` names it. Nothing is
    /// lost without it: its doc comment in the broker says what happens instead.
    fn on_optional_write_failed(&self, write: &'static str, why: &StoreError);
}

/// An event of an identity or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerEvent {
    /// ACS created an identity.
    IdentityCreated,
    /// ACS confirmed that a bound identity does not exist; a new one takes its place.
    IdentityReplaced,
    /// An identity that could not be bound was deleted at once.
    IdentityDiscarded,
    /// An identity that could not be deleted was journaled for `sweep`.
    OrphanJournaled,
    /// ACS may have created an identity whose id is unknown: the response was lost, or the request
    /// that asked for it died.
    IdentityUnconfirmed,
    /// An identity could be neither bound, deleted nor journaled: an operator must delete it.
    IdentityLost(IdentityId),
    /// A token was minted and not handed out, because the user's record had changed meanwhile.
    TokenDiscarded,
    /// The request waited for another one that was creating the user's identity.
    LeaseWait,
}
