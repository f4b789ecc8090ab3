//! Transports for tests: those of this crate, and those of its users.

#[cfg(feature = "testing")]
mod intercepted_transport;
#[cfg(test)]
pub(crate) mod scripted_transport;

#[cfg(feature = "testing")]
pub use self::intercepted_transport::{AcsInterceptor, InterceptedTransport};
