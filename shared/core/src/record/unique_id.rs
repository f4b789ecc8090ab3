//! Ids that no two writes, leases or operations share.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// 128 bits that name one write, one lease or one pending operation.
///
/// A request that finds its own id in a row knows that the row is its own doing, even when the
/// reply to its write was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UniqueId(u128);

impl UniqueId {
    /// Returns the id with these bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Returns a generator whose ids never repeat in a process: it counts up from `random`, which
    /// is drawn at the start, so that a request never lacks randomness later. That the stretches of
    /// two processes meet is practically impossible: even after 2^40 ids in each the chance is
    /// below 2^-86.
    pub fn counted_from(random: [u8; 16]) -> impl Fn() -> Self + Send + Sync + 'static {
        let first = u128::from_ne_bytes(random);
        let drawn = AtomicU64::new(0);
        move || Self(first.wrapping_add(drawn.fetch_add(1, Ordering::Relaxed).into()))
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for UniqueId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    mod unique_id {
        use std::collections::HashSet;

        use super::super::UniqueId;

        /// Two processes that share an id could take each other's writes for their own.
        #[test]
        fn two_generators_share_none() {
            let (one, other) = (UniqueId::counted_from([7; 16]), UniqueId::counted_from([8; 16]));
            let drawn: HashSet<UniqueId> = (0..1000).flat_map(|_| [one(), other()]).collect();
            assert_eq!(drawn.len(), 2000);
            let last = UniqueId::counted_from([0xff; 16]);
            assert_ne!(last(), last(), "the count wraps");
        }

        /// An id that reads back differently would make every write look like another's.
        #[test]
        fn reads_back_as_written() {
            for bits in [0, 1, u128::MAX] {
                let id = UniqueId::from_bits(bits);
                assert_eq!(id.to_string().parse(), Ok(id));
            }
        }
    }
}
