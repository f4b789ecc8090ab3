//! What must come of the moments between two steps of the protocol, one by one.

mod completion;
mod creation;
mod harness;
mod issue;
mod quota;
mod reuse;
mod revoke_all;
mod suspension;
mod tombstones;
