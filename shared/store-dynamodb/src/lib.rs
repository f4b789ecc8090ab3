//! Which ACS identity belongs to which user of the app, and what is still to be done about it.
//!
//! A [`Record`] is read whole and written whole: [`UserTable::write`] takes effect only while the
//! row still carries the revision it was read with. The rules that turn one record into the next
//! live in `acs-broker-core`; this crate only keeps records.

pub mod dynamo;
mod error;
mod key;
mod memory;
mod nonce;
mod record;
mod table;

pub use crate::dynamo::DynamoTable;
pub use crate::error::TableError;
pub use crate::key::{InvalidKey, Issuer, RecordKey, Subject};
pub use crate::memory::{Fault, MemoryTable};
pub use crate::nonce::Nonce;
pub use crate::record::{
    Authority, Binding, EpochSeconds, Lease, Pending, Record, Suspension, Work,
};
pub use crate::table::{Page, Standing, Stored, UserTable, Written};
