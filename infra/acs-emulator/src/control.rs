//! The control API under `/_emulator/`: faults, counters, introspection, keys and the clock.

pub(crate) mod api;
pub(crate) mod controls;
pub(crate) mod counters;
mod error;
pub(crate) mod fault_effect;
pub(crate) mod faults;
