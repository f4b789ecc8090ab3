//! Pseudo-random values that depend only on the seed, a purpose and a number.

use sha2::{Digest as _, Sha256};

/// The source of every generated value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random {
    seed: u64,
}

impl Random {
    /// A source whose values all follow from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 32 bytes for the `number`th value of this purpose.
    pub(crate) fn bytes(self, purpose: &str, number: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(purpose.as_bytes());
        hash.finalize().into()
    }

    /// A lower-case GUID for the `number`th value of this purpose.
    pub(crate) fn guid(self, purpose: &str, number: u64) -> String {
        let first = self.integer(purpose, number) >> 96;
        self.guid_beginning(first, purpose, number)
    }

    /// A GUID with a given first group.
    pub(crate) fn guid_beginning(self, first: u128, purpose: &str, number: u64) -> String {
        let bits = self.integer(purpose, number);
        let group = |shift: u32| (bits >> shift) & 0xffff;
        let last = bits & 0xffff_ffff_ffff;
        format!("{first:08x}-{:04x}-{:04x}-{:04x}-{last:012x}", group(80), group(64), group(48))
    }

    fn integer(self, purpose: &str, number: u64) -> u128 {
        self.bytes(purpose, number).first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes))
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn fraction(self, purpose: &str, number: u64) -> f64 {
        let [a, b, c, d, ..] = self.bytes(purpose, number);
        f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}
