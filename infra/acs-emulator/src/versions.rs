//! Which api-versions there are and what each can do (Azure/azure-rest-api-specs,
//! `specification/communication/data-plane/Identity`).

use crate::refusal::Refusal;

/// One api-version.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Version {
    /// The value of the query parameter `api-version`.
    pub(crate) name: &'static str,
    /// The shape of its operations.
    pub(crate) surface: Surface,
    /// Whether `expiresInMinutes` is known; elsewhere it is ignored, as any unknown member.
    pub(crate) lifetimes: bool,
    /// The scopes a token may have.
    pub(crate) scopes: &'static [&'static str],
}

/// The two shapes the service has had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Surface {
    /// `POST /identities/{id}/token`, `PATCH /identities/{id}`; create answers 200.
    Preview2,
    /// `:issueAccessToken`, `:revokeAccessTokens`; create answers 201.
    Current,
}

const OLDEST: &[&str] = &["chat", "voip", "pstn"];
const CHAT_AND_VOIP: &[&str] = &["chat", "voip"];
const MEETINGS_TOO: &[&str] = &["chat", "voip", "chat.join", "chat.join.limited", "voip.join"];

const VERSIONS: [Version; 11] = [
    version("2020-07-20-preview2", Surface::Preview2, false, OLDEST),
    version("2021-02-22-preview1", Surface::Current, false, CHAT_AND_VOIP),
    version("2021-03-07", Surface::Current, false, CHAT_AND_VOIP),
    version("2021-03-31-preview1", Surface::Current, false, CHAT_AND_VOIP),
    version("2021-10-31-preview", Surface::Current, false, CHAT_AND_VOIP),
    version("2022-06-01", Surface::Current, false, CHAT_AND_VOIP),
    version("2022-10-01", Surface::Current, true, CHAT_AND_VOIP),
    version("2023-10-01", Surface::Current, true, MEETINGS_TOO),
    version("2025-06-30", Surface::Current, true, MEETINGS_TOO),
    version("2026-07-22", Surface::Current, true, MEETINGS_TOO),
    version("2026-09-23", Surface::Current, true, MEETINGS_TOO),
];

const fn version(
    name: &'static str,
    surface: Surface,
    lifetimes: bool,
    scopes: &'static [&'static str],
) -> Version {
    Version { name, surface, lifetimes, scopes }
}

/// The value of the header `api-supported-versions`.
pub(crate) fn supported() -> String {
    VERSIONS.each_ref().map(|version| version.name).join(", ")
}

/// The version that a request's query asks for. `url` is the request's without its query, for the
/// refusal's text.
pub(crate) fn requested(query: &str, url: &str) -> Result<&'static Version, Refusal> {
    let mut names: Vec<&str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("api-version"))
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
        .collect();
    names.dedup();
    match names.as_slice() {
        [] => Err(Refusal::VersionUnspecified),
        [name] => VERSIONS
            .iter()
            .find(|version| version.name == *name)
            .ok_or_else(|| Refusal::unsupported_version(url, name)),
        several => Err(Refusal::VersionAmbiguous { versions: several.join(", ") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_and_lifetimes_appear_with_the_version_that_brought_them() {
        let table = VERSIONS.each_ref().map(|v| (v.name, v.lifetimes, v.scopes.len()));

        assert_eq!(
            table,
            [
                ("2020-07-20-preview2", false, 3),
                ("2021-02-22-preview1", false, 2),
                ("2021-03-07", false, 2),
                ("2021-03-31-preview1", false, 2),
                ("2021-10-31-preview", false, 2),
                ("2022-06-01", false, 2),
                ("2022-10-01", true, 2),
                ("2023-10-01", true, 5),
                ("2025-06-30", true, 5),
                ("2026-07-22", true, 5),
                ("2026-09-23", true, 5),
            ]
        );
    }

    #[test]
    fn two_different_versions_in_one_request_are_refused() {
        let refusal = requested("api-version=2023-10-01&api-version=2021-03-07", "").unwrap_err();

        assert_eq!(
            refusal,
            Refusal::VersionAmbiguous { versions: "2023-10-01, 2021-03-07".to_owned() }
        );
    }

    #[test]
    fn an_empty_version_counts_as_none() {
        assert_eq!(requested("api-version=&x=1", ""), Err(Refusal::VersionUnspecified));
    }
}
