//! How users of a file get into the table.
//!
//! - `entry`: a user that a file names.
//! - `entries`: all of them, whatever the file's form; `csv_file` and `auth_hero` are two.
//! - `decide`: what becomes of a row. Pure.
//! - `owners`: which row has which identity, so that no identity gets two.
//! - `resource`: whether the identities are those of this stack's ACS resource.
//! - `carry`: how a user gets a new issuer.
//! - `run`: the import itself, row by row.

pub(crate) mod auth_hero;
pub(crate) mod carry;
pub(crate) mod csv_file;
pub(crate) mod decide;
pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod owners;
pub(crate) mod resource;
pub(crate) mod run;

#[cfg(test)]
mod tests;
