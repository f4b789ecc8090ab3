//! The protocol: what each operation does to the store and to ACS, step by step.

mod complete;
mod create_identity;
mod execute;
mod issue;
mod revoke_all;
mod sweep;

pub use self::issue::Issued;
pub use self::sweep::SweepReport;
