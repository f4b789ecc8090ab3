//! The operators' command-line tool, `acs-broker`: users, everybody, dead letters and orphans of a
//! deployed stack or of a local one.
//!
//! It runs the protocol itself, by the functions' own rules, so that what is ordered here is done,
//! and confirmed, when the command returns. A command in `commands` takes what it works with and
//! returns a typed report; `output` is where reports become tables or JSON.

mod aws;
mod cli;
mod commands;
mod confirm;
mod failure;
mod outcome;
mod output;
mod pace;
mod progress;
mod queues;
mod records;
mod run;
mod stack;

#[cfg(test)]
mod testing;

pub use crate::run::{Host, run};
