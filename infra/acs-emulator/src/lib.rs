#![doc = include_str!("../README.md")]

mod access_key;
mod answer;
mod auth;
mod change;
mod control;
mod counters;
mod emulator;
mod faults;
mod introspection;
pub mod journal;
mod operations;
mod quotas;
mod random;
mod refusal;
mod resource;
mod route;
pub mod server;
mod settings;
mod state;
pub mod tls;
mod token;
mod token_key;
mod versions;

pub use crate::access_key::{AccessKey, BadAccessKey, KeySlot};
pub use crate::answer::{Reply, Wire};
pub use crate::change::Change;
pub use crate::emulator::Emulator;
pub use crate::introspection::{IdentityState, Inactive, Introspection, IssuedToken};
pub use crate::resource::{Resource, ResourceError};
pub use crate::settings::Settings;
pub use crate::token_key::{TokenKey, TokenKeyError};
