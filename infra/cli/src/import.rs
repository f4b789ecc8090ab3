//! How users of a file get into the table.
//!
//! - `entry`: a user that a file names.
//! - `entries`: all of them, whatever the file's form; `csv_file` and `auth_hero` are two.
//! - `decide`: what becomes of a row. Pure.
//! - `owners`: which row has which identity, so that no identity gets two.
//! - `resource`: whether the identities are those of this stack's ACS resource.
//! - `carry`: how a user gets a new issuer.
//! - `line`: what becomes of a line.
//! - `replace`: how an identity goes that another one replaces.
//! - `run`: the import itself, row by row.
//! - `shared`: what two imports at once gave to two rows, taken back.

pub(crate) mod auth_hero;
pub(crate) mod carry;
pub(crate) mod csv_file;
pub(crate) mod decide;
pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod line;
pub(crate) mod owners;
mod replace;
pub(crate) mod resource;
pub(crate) mod run;
mod shared;

#[cfg(test)]
mod tests;
