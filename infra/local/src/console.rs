//! The local console: a page at `/` that shows users, their tokens and what happened, and the API
//! under `/dev` that it uses.

mod acs;
mod api;
pub(crate) mod app;
mod clock;
mod details;
mod directory;
pub(crate) mod guard;
pub(crate) mod recorder;
pub(crate) mod routes;
pub(crate) mod timeline;
pub(crate) mod tokens;

mod events;
mod faults;
mod operate;
mod page;
mod problem;
mod providers;
mod rejection;
mod rows;
mod sample_files;
mod samples;
pub(crate) mod seed;
mod sentences;
mod sessions;
mod shell;
mod sign_in;
mod state;
mod stream;
pub(crate) mod sweep;
mod time;
mod users;
mod view;

#[cfg(test)]
mod tests;
