//! The configuration of functions, local stack and command-line tool: settings, the secret, and
//! the clients and the broker that are made from them.
//!
//! The environment is read once, at the start. Settings that are missing or wrong stop the start,
//! all named at once.

mod acs;
mod aws;
mod broker;
mod error_chain;
mod events;
mod reader;
mod secret;
mod settings;
mod settings_error;
mod user_hash;
mod values;

pub use crate::acs::AcsResource;
pub use crate::broker::{RandomnessError, acs_client, token_broker};
pub use crate::error_chain::error_chain;
pub use crate::reader::Environment;
pub use crate::settings::Settings;
pub use crate::settings_error::{SettingError, SettingsError};
pub use crate::user_hash::UserHashKey;
pub use crate::values::{SignInClaim, tombstone_retention};
