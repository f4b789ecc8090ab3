use std::fmt;
use std::str::FromStr;

use identity_client::IdentityId;
use thiserror::Error;

/// Who vouches for a user: the `iss` claim, byte for byte.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Issuer(String);

/// A user at their issuer: the `sub` claim, byte for byte (`OpenID` Connect Core 1.0, section 2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(String);

/// Text that cannot name a user or a row.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidKey {
    /// The issuer breaks its rule.
    #[error("issuer: must be 1 to 512 bytes without white space or control characters")]
    Issuer,
    /// The subject breaks its rule.
    #[error("subject: must be 1 to 255 characters without control characters")]
    Subject,
    /// A row's key has no shape this crate writes.
    #[error("key: is neither a user's nor an orphan's nor everybody's")]
    Shape,
}

impl Issuer {
    const MAX_BYTES: usize = 512;

    /// The issuer's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Issuer {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let length_fits = (1..=Self::MAX_BYTES).contains(&text.len());
        // A key is `user <issuer> <subject>`: an issuer without a space keeps it unambiguous.
        if !length_fits || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(InvalidKey::Issuer);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Subject {
    const MAX_CHARS: usize = 255;

    /// The subject's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Subject {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let length_fits = (1..=Self::MAX_CHARS).contains(&text.chars().count());
        if !length_fits || text.contains(char::is_control) {
            return Err(InvalidKey::Subject);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Hidden: issuers tell tenants apart, and error text and logs must not.
impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer(..)")
    }
}

/// Hidden: a subject is personal data.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(..)")
    }
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKey {
    /// A user of the app.
    User(Issuer, Subject),
    /// An ACS identity that no user has and that is to be deleted.
    Orphan(IdentityId),
    /// All users at once. Of its record only the watermark counts, and when it expires.
    Everybody,
}

const EVERYBODY: &str = "everybody";

impl RecordKey {
    /// The key of one user of one issuer.
    #[must_use]
    pub const fn user(issuer: Issuer, subject: Subject) -> Self {
        Self::User(issuer, subject)
    }

    /// The row's primary key: `user <issuer> <subject>`, `orphan <identity>` or `everybody`.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::User(issuer, subject) => format!("user {} {}", issuer.0, subject.0),
            Self::Orphan(identity) => format!("orphan {identity}"),
            Self::Everybody => EVERYBODY.to_owned(),
        }
    }
}

impl FromStr for RecordKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        if text == EVERYBODY {
            return Ok(Self::Everybody);
        }
        let (kind, rest) = text.split_once(' ').ok_or(InvalidKey::Shape)?;
        match kind {
            "user" => {
                let (issuer, subject) = rest.split_once(' ').ok_or(InvalidKey::Shape)?;
                Ok(Self::User(issuer.parse()?, subject.parse()?))
            }
            "orphan" => rest.parse().map(Self::Orphan).map_err(|_| InvalidKey::Shape),
            _ => Err(InvalidKey::Shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(issuer: &str, subject: &str) -> RecordKey {
        RecordKey::user(issuer.parse().unwrap(), subject.parse().unwrap())
    }

    #[test]
    fn two_users_never_share_a_row_however_their_names_are_cut() {
        let a = user("https://idp.example", "a b");
        let b = user("https://idp.example/a", "b");
        assert_ne!(a.to_text(), b.to_text());
        for key in [a, b, user("https://idp.example", " leading and 日本語 ")] {
            assert_eq!(key.to_text().parse(), Ok(key));
        }
    }

    #[test]
    fn no_user_has_the_row_of_everybody() {
        assert_eq!("everybody".parse(), Ok(RecordKey::Everybody));
        assert_eq!(RecordKey::Everybody.to_text(), "everybody");
        assert_eq!("everybody else".parse::<RecordKey>(), Err(InvalidKey::Shape));
        assert_ne!(user("everybody", "everybody").to_text(), "everybody");
    }

    #[test]
    fn a_claim_that_names_nobody_is_refused_by_its_rule() {
        for text in ["", "a b", "a\tb", "a\u{0}"] {
            assert_eq!(text.parse::<Issuer>(), Err(InvalidKey::Issuer), "{text:?}");
        }
        for text in ["", "a\nb", "\u{7f}"] {
            assert_eq!(text.parse::<Subject>(), Err(InvalidKey::Subject), "{text:?}");
        }
        assert!("é".repeat(255).parse::<Subject>().is_ok());
        assert!("é".repeat(256).parse::<Subject>().is_err());
        assert!("x".repeat(513).parse::<Issuer>().is_err());
    }

    #[test]
    fn a_subject_does_not_reach_a_log_through_debug() {
        let text = format!("{:?}", user("https://idp.example", "alice"));
        assert!(!text.contains("alice") && !text.contains("idp.example"), "{text}");
    }
}
