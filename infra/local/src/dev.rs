//! What exists for development alone: the identity provider, the event bus, and the routes under
//! `/dev`.

pub(crate) mod event_bus;
pub(crate) mod health;
pub(crate) mod identity_provider;
pub(crate) mod provider_faults;
pub(crate) mod routes;
pub(crate) mod sign_in;
pub(crate) mod signing_key;
