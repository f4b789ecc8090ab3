//! The protocol: what each operation does to the store and to ACS, step by step.

mod check_session;
mod clean_up;
mod complete;
mod create_identity;
mod execute;
mod issue;
mod issued;
mod reuse;
mod revoke_all;
mod sweep;
mod wait;

pub use self::issued::{Issued, TokenSource};
pub use self::sweep::SweepReport;
