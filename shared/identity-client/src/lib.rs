#![doc = include_str!("../README.md")]

mod answer;
mod api_version;
mod call;
mod cause;
mod client;
mod connection_string;
mod credential;
mod deadline;
mod endpoint;
mod error;
mod error_answer;
mod http_client;
mod identity_id;
mod key_ring;
mod lifetime;
mod operation;
mod retry;
mod scope;
mod sender;
pub mod signing;
mod token;
mod transport;

#[cfg(test)]
mod scripted_transport;

pub use jiff::Timestamp;

pub use api_version::{ApiVersion, ApiVersionError};
pub use client::{IdentityClient, Options};
pub use connection_string::{ConnectionString, ConnectionStringError, Part};
pub use credential::{AccessKey, AccessKeyError, Credential};
pub use deadline::Deadline;
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use http_client::{BuildError, ReqwestTransport, http_client};
pub use identity_id::{IdentityId, IdentityIdError};
pub use key_ring::{FreshKeys, KeyRing, KeySource};
pub use lifetime::{Lifetime, LifetimeError};
pub use scope::{Scope, UnknownScope};
pub use token::{AccessToken, UserToken};
pub use transport::{Transport, TransportError};
