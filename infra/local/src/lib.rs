//! The whole product on one machine, in one process: the functions behind a gateway that treats
//! requests as API Gateway does, a development identity provider, the user table, and the emulator
//! of Azure Communication Services.

mod clock;
mod console;
mod dev;
mod gateway;
mod hosting;
mod log;
mod options;
mod preflight;
mod ready;
mod stack;
mod state;

pub use crate::console::seed::Seed;
pub use crate::hosting::environment::ProcessEnvironment;
pub use crate::log::trace::EventFormat;
pub use crate::log::{Log, LogFormat};
pub use crate::options::Options;
pub use crate::ready::Ready;
pub use crate::stack::{ExportError, Stack, StartError};
