//! Every change that a record can go through.

mod completion;
mod creation;
mod deletion;
mod global_cutoff;
mod not_found;
mod request;
mod revocation;
mod suspension;

pub(crate) use self::request::OperationRequest;
