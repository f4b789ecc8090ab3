//! The rules: how a user of the app gets, loses and never wrongly regains ACS tokens.
//!
//! [`TokenBroker`] runs the protocols, a file each: `issue`, `revoke`, `everybody`, `suspend`,
//! `delete` and `sweep`, over any [`acs_broker_store_dynamodb::UserTable`] and the ACS identity client. What one record may become next is
//! decided by pure functions in `rules`; everything else only carries records and calls about.
//! There is no HTTP, no environment and no clock here: the time comes with each [`Call`].
//!
//! The six invariants that these protocols keep, and the test that shows each, are listed in the
//! repository's ARCHITECTURE.md.

mod broker;
mod call;
mod creation;
mod delete;
mod error;
mod everybody;
mod finish;
mod issue;
mod order;
mod policy;
mod revoke;
mod rules;
mod session;
mod suspend;
mod sweep;

pub use crate::broker::{Settings, TokenBroker};
pub use crate::call::{Call, Happening, Observer};
pub use crate::delete::Deletion;
pub use crate::error::{IssueError, WorkError};
pub use crate::issue::Issued;
pub use crate::order::{Order, Ruling, Sessions};
pub use crate::policy::{Grant, InvalidPolicy, NotAllowed, ScopePolicy, Wish, claim_entries};
pub use crate::session::Session;
pub use crate::sweep::Swept;
