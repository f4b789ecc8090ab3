//! Scopes: the permissions of a token.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A permission that an access token carries
/// (<https://learn.microsoft.com/azure/communication-services/concepts/identity-model#access-tokens>).
///
/// The three `…Join` scopes exist from API version 2023-10-01 on.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[non_exhaustive]
pub enum Scope {
    /// Everything in chats.
    #[serde(rename = "chat")]
    Chat,
    /// Everything in calls.
    #[serde(rename = "voip")]
    Voip,
    /// Chats the user was added to; none can be created.
    #[serde(rename = "chat.join")]
    ChatJoin,
    /// Like `ChatJoin`, but nobody else can be added.
    #[serde(rename = "chat.join.limited")]
    ChatJoinLimited,
    /// Calls the user was invited to; none can be started.
    #[serde(rename = "voip.join")]
    VoipJoin,
}

/// A text is not the name of a [`Scope`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a scope is one of chat, voip, chat.join, chat.join.limited, voip.join")]
pub struct ScopeError;

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] =
        [Self::Chat, Self::Voip, Self::ChatJoin, Self::ChatJoinLimited, Self::VoipJoin];

    /// Returns ACS's name of the scope.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Voip => "voip",
            Self::ChatJoin => "chat.join",
            Self::ChatJoinLimited => "chat.join.limited",
            Self::VoipJoin => "voip.join",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(ScopeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scope has the same name in text and in JSON.
    #[test]
    fn names_match_in_text_and_json() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert_eq!(serde_json::from_value::<Scope>(scope.as_str().into()).unwrap(), scope);
        }
    }

    /// A name that is not exact is refused.
    #[test]
    fn inexact_names_are_refused() {
        for text in ["", "Chat", " chat", "pstn", "chat,voip"] {
            assert_eq!(text.parse::<Scope>(), Err(ScopeError), "{text:?}");
        }
    }
}
