//! The keys of rows: a user of an issuer, an orphan, or all users.

use std::fmt;
use std::str::FromStr;

use identity_client::IdentityId;
use thiserror::Error;

/// The identity provider that vouches for a user: the `iss` claim, byte for byte.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Issuer(String);

/// A user at their issuer: the `sub` claim, byte for byte (`OpenID` Connect Core 1.0, section 2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(String);

/// A text that cannot name a user or a row.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// The issuer breaks its rule.
    #[error("issuer: must be 1 to 512 bytes without white space or control characters")]
    Issuer,
    /// The subject breaks its rule.
    #[error("subject: must be 1 to 255 characters without control characters")]
    Subject,
    /// A row's key has none of the forms that this crate writes.
    #[error("key: is not that of a user, an orphan or all users")]
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
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let length_fits = (1..=Self::MAX_BYTES).contains(&text.len());
        // A key is `user <issuer> <subject>`: an issuer without a space keeps it unambiguous.
        if !length_fits || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(KeyError::Issuer);
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
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let length_fits = (1..=Self::MAX_CHARS).contains(&text.chars().count());
        if !length_fits || text.contains(char::is_control) {
            return Err(KeyError::Subject);
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
    /// All users at once. Of its record only the cutoff counts, and when it expires.
    AllUsers,
}

/// The key as the first version wrote it. Another text would lose the cutoff that a deployed table
/// holds, or cost every token one more row to read.
const ALL_USERS: &str = "everybody";

impl RecordKey {
    /// The key of one user of one issuer.
    #[must_use]
    pub const fn user(issuer: Issuer, subject: Subject) -> Self {
        Self::User(issuer, subject)
    }

    /// The row's primary key: `user <issuer> <subject>`, `orphan <identity>`, or a fixed text
    /// for all users.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::User(issuer, subject) => format!("user {} {}", issuer.0, subject.0),
            Self::Orphan(identity) => format!("orphan {identity}"),
            Self::AllUsers => ALL_USERS.to_owned(),
        }
    }
}

impl FromStr for RecordKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text == ALL_USERS {
            return Ok(Self::AllUsers);
        }
        let (kind, rest) = text.split_once(' ').ok_or(KeyError::Shape)?;
        match kind {
            "user" => {
                let (issuer, subject) = rest.split_once(' ').ok_or(KeyError::Shape)?;
                Ok(Self::User(issuer.parse()?, subject.parse()?))
            }
            "orphan" => rest.parse().map(Self::Orphan).map_err(|_| KeyError::Shape),
            _ => Err(KeyError::Shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(issuer: &str, subject: &str) -> RecordKey {
        RecordKey::user(issuer.parse().unwrap(), subject.parse().unwrap())
    }

    mod key {
        use super::*;

        /// Two users in one row would get each other's identity.
        #[test]
        fn differs_however_names_are_cut() {
            let a = user("https://idp.example", "a b");
            let b = user("https://idp.example/a", "b");
            assert_ne!(a.to_text(), b.to_text());
            for key in [a, b, user("https://idp.example", " leading and 日本語 ")] {
                assert_eq!(key.to_text().parse(), Ok(key));
            }
        }

        /// A user with the row of all users would end everyone's sessions with their own.
        #[test]
        fn of_all_users_belongs_to_no_user() {
            assert_eq!(ALL_USERS.parse(), Ok(RecordKey::AllUsers));
            assert_eq!(RecordKey::AllUsers.to_text(), ALL_USERS);
            assert_eq!(format!("{ALL_USERS} else").parse::<RecordKey>(), Err(KeyError::Shape));
            assert_ne!(user(ALL_USERS, ALL_USERS).to_text(), ALL_USERS);
        }

        /// A claim that names nobody is refused with the rule that it breaks.
        #[test]
        fn refuses_unusable_claims() {
            for text in ["", "a b", "a\tb", "a\u{0}"] {
                assert_eq!(text.parse::<Issuer>(), Err(KeyError::Issuer), "{text:?}");
            }
            for text in ["", "a\nb", "\u{7f}"] {
                assert_eq!(text.parse::<Subject>(), Err(KeyError::Subject), "{text:?}");
            }
            assert!("é".repeat(255).parse::<Subject>().is_ok());
            assert!("é".repeat(256).parse::<Subject>().is_err());
            assert!("x".repeat(513).parse::<Issuer>().is_err());
        }

        /// A subject is personal data and must not reach a log.
        #[test]
        fn debug_hides_issuer_and_subject() {
            let text = format!("{:?}", user("https://idp.example", "alice"));
            assert!(!text.contains("alice") && !text.contains("idp.example"), "{text}");
        }
    }
}
