//! The emulator on real sockets, with http and https.

mod breaking_body;
pub(crate) mod guard;
pub(crate) mod listeners;
mod response;
mod tls;
