//! The template, deployed into an AWS of this machine: what holds on a laptop holds there too.

mod events;
mod keys;
mod operations;
mod operators;
mod requests;
mod rights;
