//! The wall clock as an argument.

use jiff::Timestamp;

/// Tells the time; `main` passes the system's.
pub(crate) type Clock = fn() -> Timestamp;
