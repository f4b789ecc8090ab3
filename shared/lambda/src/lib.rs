//! What every function does alike: its settings, the caller behind a request, problems, logs and
//! metrics, and how it runs on Lambda.
//!
//! A function is handed an [`App`] and a request. It opens an [`Exchange`], which knows the time the
//! request has and hears what the broker does; it closes the exchange with a [`Reply`] or a
//! [`Problem`], which writes the one log line of the request and gives the answer its shape.

mod answer;
mod app;
mod body;
mod caller;
mod exchange;
mod incoming;
mod log;
mod parameters;
mod problem;
mod queue;
mod run;
mod secret;
mod settings;

pub use crate::app::{App, StartError};
pub use crate::body::json_body;
pub use crate::caller::{Caller, names_a_user};
pub use crate::exchange::{Exchange, Reply};
pub use crate::incoming::Incoming;
pub use crate::parameters::only_parameters;
pub use crate::problem::{Code, Problem};
pub use crate::queue::{Batch, Delivery, NoSources, Undone};
pub use crate::run::{Text, run, run_scheduled, run_with_queue};
pub use crate::settings::{Settings, SettingsError};
