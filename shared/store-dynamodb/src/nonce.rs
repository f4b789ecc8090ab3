use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// 128 random bits that name one write, one lease or one piece of pending work.
///
/// Whoever finds their own nonce in a row knows that the row is their doing, even when the answer
/// to the write was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(u128);

impl Nonce {
    /// Makes a nonce of random bits; the caller brings the randomness.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Nonces that never repeat in a process: they count up from `random` bits, drawn at its start so
    /// that no request lacks randomness later. That the stretches of two processes meet is as good as
    /// impossible: even after 2^40 nonces in each the chance is below 2^-86.
    pub fn counted_from(random: [u8; 16]) -> impl Fn() -> Self + Send + Sync + 'static {
        let first = u128::from_ne_bytes(random);
        let drawn = AtomicU64::new(0);
        move || Self(first.wrapping_add(drawn.fetch_add(1, Ordering::Relaxed).into()))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Nonce {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_writes_share_a_nonce_even_of_two_processes() {
        let (one, other) = (Nonce::counted_from([7; 16]), Nonce::counted_from([8; 16]));
        let drawn: HashSet<Nonce> = (0..1000).flat_map(|_| [one(), other()]).collect();
        assert_eq!(drawn.len(), 2000);
        let last = Nonce::counted_from([0xff; 16]);
        assert_ne!(last(), last(), "the count goes round");
    }

    #[test]
    fn a_nonce_reads_back_as_it_was_written() {
        for bits in [0, 1, u128::MAX] {
            let nonce = Nonce::from_bits(bits);
            assert_eq!(nonce.to_string().parse(), Ok(nonce));
        }
    }
}
