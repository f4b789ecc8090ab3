//! The domain: how a user of the app gets and loses ACS tokens.
//!
//! - `record/`: what is known about a user, and every change that it can go through. Pure.
//! - `store`: the trait of what keeps records.
//! - `operations/`: the protocol, one file for each operation, over any [`UserStore`] and the ACS
//!   identity client.
//! - `policy`: which scopes and which lifetime a user gets.
//!
//! There is no HTTP, no AWS, no environment and no clock here: the time comes with each
//! [`CallContext`]. The invariants of the protocol, and the tests that show them, are listed in the
//! repository's ARCHITECTURE.md.

mod broker;
mod call_context;
mod error;
mod event;
mod initiator;
mod operation;
mod operations;
mod policy;
mod record;
mod session;
mod store;
mod store_error;
mod time;
mod token_memory;
mod user_digest;

pub use crate::broker::{BrokerSettings, TokenBroker};
pub use crate::call_context::CallContext;
pub use crate::error::BrokerError;
pub use crate::event::{BrokerEvent, Observer};
pub use crate::initiator::{Initiator, MAX_CLOCK_SKEW};
pub use crate::operation::{Accepted, Completion, Operation};
pub use crate::operations::{Issued, SweepReport, TokenSource};
pub use crate::policy::{
    Grant, PolicyError, PolicyViolation, RequestedGrant, ScopePolicy, split_claim,
};
pub use crate::record::{
    Attempt, BoundIdentity, CreationPause, IdentityState, Issuer, KeyError, Lease, PendingKind,
    PendingOperation, Record, RecordKey, SessionRejection, Subject, SuspendedBy, Suspension,
    UniqueId,
};
pub use crate::session::Session;
pub use crate::store::{Page, Stored, UnreadableRow, UserSnapshot, UserStore, WriteOutcome};
pub use crate::store_error::StoreError;
pub use crate::time::EpochSeconds;
