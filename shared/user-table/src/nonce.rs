use std::fmt;
use std::str::FromStr;

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
    use super::*;

    #[test]
    fn a_nonce_reads_back_as_it_was_written() {
        for bits in [0, 1, u128::MAX] {
            let nonce = Nonce::from_bits(bits);
            assert_eq!(nonce.to_string().parse(), Ok(nonce));
        }
    }
}
