//! The values of the Identity API: what requests are made of, and what responses contain.

pub(crate) mod api_version;
pub(crate) mod created_identity;
pub(crate) mod endpoint;
pub(crate) mod identity_id;
pub(crate) mod lifetime;
pub(crate) mod operation;
pub(crate) mod responses;
pub(crate) mod scope;
pub(crate) mod token;
pub(crate) mod unreadable_response;
