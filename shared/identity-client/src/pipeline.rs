//! The way of one call: its request, its attempts, and the pauses between them.

pub(crate) mod api_request;
pub(crate) mod options;
pub(crate) mod outage;
pub(crate) mod retry;
pub(crate) mod sender;
