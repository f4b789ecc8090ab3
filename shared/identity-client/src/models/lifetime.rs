//! Lifetimes of tokens.

use serde::Deserialize;

/// The lifetime of an access token: 60 to 1440 whole minutes, both included
/// (<https://learn.microsoft.com/rest/api/communication/identity/communication-identity/issue-access-token>).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "u32")]
pub struct Lifetime(u32);

/// A number of minutes is not a [`Lifetime`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a token lives 60 to 1440 minutes")]
pub struct LifetimeError;

impl Lifetime {
    /// One hour.
    pub const MIN: Self = Self(60);
    /// One day.
    pub const MAX: Self = Self(1440);
    /// One day, which is ACS's own default.
    pub const DEFAULT: Self = Self(1440);

    /// Returns the whole minutes.
    #[must_use]
    pub fn minutes(self) -> u32 {
        self.0
    }
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u32> for Lifetime {
    type Error = LifetimeError;

    fn try_from(minutes: u32) -> Result<Self, Self::Error> {
        let lifetime = Self(minutes);
        if (Self::MIN..=Self::MAX).contains(&lifetime) { Ok(lifetime) } else { Err(LifetimeError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both limits are lifetimes; less and more is refused.
    #[test]
    fn limits_are_inclusive() {
        assert_eq!(Lifetime::try_from(60), Ok(Lifetime::MIN));
        assert_eq!(Lifetime::try_from(1440), Ok(Lifetime::MAX));
        for minutes in [0, 59, 1441, u32::MAX] {
            assert_eq!(Lifetime::try_from(minutes), Err(LifetimeError), "{minutes}");
        }
    }
}
