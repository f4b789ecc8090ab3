//! The operators' command-line tool, `acs-broker`: the users, dead letters and orphans of a
//! deployed stack or of a local one, and the checks that say why it does not work.
//!
//! It runs the protocol itself, by the functions' own rules, so that an operation is done, and
//! confirmed, when its command returns. Each command is one file in `commands`: its arguments, its
//! work and its report.

mod aws;
mod cli;
mod clock;
mod commands;
mod confirm;
mod doctor;
mod error;
mod exit;
mod import;
mod operation;
mod outcome;
mod progress;
mod queues;
mod rate_limited;
mod records;
mod report;
mod session;
mod shell;
mod similar;
mod stack;
mod style;
mod subject_file;
mod subjects;
mod text_table;
mod unreadable;
mod user_file;
mod user_state;
mod users;

#[cfg(test)]
mod testing;

pub use crate::cli::run;
pub use crate::session::Env;
