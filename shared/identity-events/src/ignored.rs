use std::fmt;

use crate::event::Provider;

/// An event that ends nobody's tokens. `Display` says what was said and why nothing follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Who says it.
    pub provider: Provider,
    /// The provider's name for it, or `other` where that is no name: safe in a log.
    pub kind: String,
    /// Why nothing follows.
    pub reason: Reason,
}

/// Why nothing follows from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The provider says that it failed.
    Failed,
    /// It is about another user pool or another account.
    OtherPool,
    /// A role did it whose calls follow from a revocation here.
    OwnRole,
    /// Somebody has asked for it, and nothing has changed yet. Who asks need not be the user.
    OnlyAsked,
    /// It belongs to a lock after failed sign-ins. Strangers can cause those; following them would
    /// lock the user out here as well.
    Lockout,
    /// It ends one session or one device, not all of the user's.
    OneSession,
    /// It changes nothing about how the user signs in, or whether they may.
    NoCredential,
    /// The provider marks it as a test.
    Test,
    /// No kind of event that is known here.
    UnknownKind,
}

impl Ignored {
    const LONGEST_KIND: usize = 64;

    pub(crate) fn new(provider: Provider, kind: &str, reason: Reason) -> Self {
        let fits = (1..=Self::LONGEST_KIND).contains(&kind.len());
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let kind = if fits && kind.bytes().all(is_name) { kind } else { "other" };
        Self { provider, kind: kind.to_owned(), reason }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.provider.name(), self.kind, self.reason.texts().1)
    }
}

impl Reason {
    /// The name for logs and metrics, `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.texts().0
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Failed => ("failed", "it failed"),
            Self::OtherPool => ("other_pool", "it is about another user pool or account"),
            Self::OwnRole => ("own_role", "it follows from a revocation here"),
            Self::OnlyAsked => ("only_asked", "it was only asked for, which strangers can do"),
            Self::Lockout => ("lockout", "failed sign-ins cause it, which strangers can do"),
            Self::OneSession => ("one_session", "it ends only one of the user's sessions"),
            Self::NoCredential => ("no_credential", "it does not change how the user signs in"),
            Self::Test => ("test", "it is a test"),
            Self::UnknownKind => ("unknown_kind", "no such kind of event is known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_no_name_does_not_reach_a_log() {
        let kind = |kind: &str| Ignored::new(Provider::Okta, kind, Reason::UnknownKind).kind;
        for name in ["user.account.lock", "forgotPassword_POST", "a-b", &"k".repeat(64)] {
            assert_eq!(kind(name), name);
        }
        for text in ["", "two words", "alice@example.com", "a\nb", "é", &"k".repeat(65)] {
            assert_eq!(kind(text), "other", "{text:?}");
        }
    }

    #[test]
    fn an_operator_reads_who_said_what_and_why_nothing_follows() {
        let ignored = Ignored::new(Provider::Auth0, "scpr", Reason::OnlyAsked);
        let said = "auth0 scpr: it was only asked for, which strangers can do";
        assert_eq!(ignored.to_string(), said);
        assert_eq!(ignored.reason.name(), "only_asked");
    }
}
