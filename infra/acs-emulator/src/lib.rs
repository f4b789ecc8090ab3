#![doc = include_str!("../README.md")]

mod control;
mod emulator;
mod response;
mod server;
mod service;
mod settings;
mod state;

pub use crate::emulator::Emulator;
pub use crate::response::{Delivery, EmulatorResponse};
pub use crate::server::guard::{ForeignRequestError, names_this_machine, sent_by_program};
pub use crate::server::listeners::{Https, Running, ServeError, ServeOptions, serve};
pub use crate::settings::Settings;
pub use crate::state::access_key::{AccessKey, AccessKeyError, KeySlot};
pub use crate::state::certificate_authority::{CertificateAuthority, CertificateError};
pub use crate::state::clock_offset::ClockOffset;
pub use crate::state::introspection::{IdentityState, InactiveReason, Introspection, TokenState};
pub use crate::state::issued_token::IssuedToken;
pub use crate::state::journal::{Journal, JournalError, OpenedJournal};
pub use crate::state::journal_entry::JournalEntry;
pub use crate::state::resource::{Resource, ResourceError};
pub use crate::state::token_key::{TokenKey, TokenKeyError};
