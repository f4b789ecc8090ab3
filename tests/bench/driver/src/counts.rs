//! Counts of what a function asks of its servers.

use std::array;
use std::cell::Cell;

use serde::Serialize;

#[derive(Clone, Copy)]
pub enum Counter {
    AcsCalls,
    /// Bytes of requests to ACS, which leave AWS.
    AcsRequestBytes,
    TableCalls,
    /// DynamoDB's read units, twice: an eventually consistent read takes half of one.
    HalfReadUnits,
    Connections,
    FullHandshakes,
    ResumedHandshakes,
}

pub const COUNTERS: usize = 7;

#[derive(Default)]
pub struct Counts([Cell<u64>; COUNTERS]);

/// The counts between two moments.
#[derive(Clone, Copy, Serialize)]
pub struct Counted {
    pub acs_calls: u64,
    pub acs_request_bytes: u64,
    pub table_calls: u64,
    pub half_read_units: u64,
    pub connections: u64,
    pub full_handshakes: u64,
    pub resumed_handshakes: u64,
}

impl Counts {
    pub fn add(&self, counter: Counter, more: u64) {
        let cell = &self.0[counter as usize];
        cell.set(cell.get() + more);
    }

    pub fn now(&self) -> [u64; COUNTERS] {
        array::from_fn(|index| self.0[index].get())
    }

    pub fn since(&self, then: [u64; COUNTERS]) -> Counted {
        let count = |counter: Counter| self.0[counter as usize].get() - then[counter as usize];
        Counted {
            acs_calls: count(Counter::AcsCalls),
            acs_request_bytes: count(Counter::AcsRequestBytes),
            table_calls: count(Counter::TableCalls),
            half_read_units: count(Counter::HalfReadUnits),
            connections: count(Counter::Connections),
            full_handshakes: count(Counter::FullHandshakes),
            resumed_handshakes: count(Counter::ResumedHandshakes),
        }
    }
}
