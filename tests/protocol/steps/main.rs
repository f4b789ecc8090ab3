//! What must come of the moments between two steps of the protocol, one by one.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod creation;
mod everybody;
mod issue;
mod stage;
mod suspension;
mod work;
