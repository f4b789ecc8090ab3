//! What authorizes requests: the access keys of a resource, and signatures made with them.

pub(crate) mod access_key;
pub(crate) mod connection_string;
pub(crate) mod credential;
pub(crate) mod key_ring;
pub mod signing;
