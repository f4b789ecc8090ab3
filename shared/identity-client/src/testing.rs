//! What the unit tests share.

pub(crate) mod scripted_transport;
