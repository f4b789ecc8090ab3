//! The template, deployed into an AWS on this machine.

mod cli;
mod events;
mod keys;
mod look;
mod operations;
mod requests;
mod rights;
mod rollout;
