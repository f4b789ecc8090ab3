//! What must come of the moments between two steps of the protocol, one by one.

mod completion;
mod creation;
mod harness;
mod issue;
mod revoke_all;
mod suspension;
