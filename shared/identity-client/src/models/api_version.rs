//! Versions of the Identity API.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};

/// A generally available version of the Identity API, such as `2023-10-01` (the default): a date
/// from `2021-03-07` on
/// (<https://github.com/Azure/azure-rest-api-specs/tree/main/specification/communication/data-plane/Identity>).
///
/// Previews are refused: their requests and responses differ, and they are retired.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ApiVersion(Date);

/// A text is not an [`ApiVersion`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the API version must be a date from 2021-03-07 on, like 2023-10-01, and not a preview")]
pub struct ApiVersionError;

impl ApiVersion {
    const FIRST: Self = Self(date(2021, 3, 7));
    const FIRST_WITH_LIFETIMES: Self = Self(date(2022, 10, 1));

    /// Returns whether a request may name a lifetime; before, every token lives a day.
    pub(crate) fn has_lifetimes(self) -> bool {
        self >= Self::FIRST_WITH_LIFETIMES
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self(date(2023, 10, 1))
    }
}

impl FromStr for ApiVersion {
    type Err = ApiVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = text.parse().map(Self).map_err(|_| ApiVersionError)?;
        // The date parser takes other ways to write a date, and a time after it; ACS does not.
        if version < Self::FIRST || version.to_string() != text {
            return Err(ApiVersionError);
        }
        Ok(version)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every generally available version is accepted.
    #[test]
    fn ga_versions_are_accepted() {
        for text in
            ["2021-03-07", "2022-06-01", "2022-10-01", "2023-10-01", "2025-06-30", "2026-09-23"]
        {
            assert_eq!(text.parse::<ApiVersion>().unwrap().to_string(), text);
        }
        assert_eq!(ApiVersion::default().to_string(), "2023-10-01");
    }

    /// Previews, older versions and other spellings are refused.
    #[test]
    fn previews_and_other_spellings_are_refused() {
        for text in [
            "",
            "2020-07-20-preview2",
            "2021-02-22",
            "2021-10-31-preview",
            "2023-10-1",
            "20231001",
            "2023-13-01",
            "2023-10-01T00:00",
            " 2023-10-01",
        ] {
            assert_eq!(text.parse::<ApiVersion>(), Err(ApiVersionError), "{text:?}");
        }
    }
}
