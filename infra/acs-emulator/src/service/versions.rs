//! The api-versions of the service and the abilities of each (Azure/azure-rest-api-specs,
//! `specification/communication/data-plane/Identity`).

use crate::service::error::ServiceError;

/// One api-version.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Version {
    /// The value of the query parameter `api-version`.
    pub(crate) name: &'static str,
    /// The shape of its operations.
    pub(crate) surface: Surface,
    /// Whether it has `expiresInMinutes`. Other versions ignore it, as any unknown member.
    pub(crate) lifetimes: bool,
    /// The scopes a token may have.
    pub(crate) scopes: &'static [&'static str],
}

/// The two shapes the service has had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Surface {
    /// `POST /identities/{id}/token`, `PATCH /identities/{id}`; create responds with 200.
    Preview2,
    /// `:issueAccessToken`, `:revokeAccessTokens`; create responds with 201.
    Current,
}

const OLDEST_SCOPES: &[&str] = &["chat", "voip", "pstn"];
const CHAT_AND_VOIP_SCOPES: &[&str] = &["chat", "voip"];
const MEETING_SCOPES: &[&str] = &["chat", "voip", "chat.join", "chat.join.limited", "voip.join"];

const VERSIONS: [Version; 11] = [
    version("2020-07-20-preview2", Surface::Preview2, false, OLDEST_SCOPES),
    version("2021-02-22-preview1", Surface::Current, false, CHAT_AND_VOIP_SCOPES),
    version("2021-03-07", Surface::Current, false, CHAT_AND_VOIP_SCOPES),
    version("2021-03-31-preview1", Surface::Current, false, CHAT_AND_VOIP_SCOPES),
    version("2021-10-31-preview", Surface::Current, false, CHAT_AND_VOIP_SCOPES),
    version("2022-06-01", Surface::Current, false, CHAT_AND_VOIP_SCOPES),
    version("2022-10-01", Surface::Current, true, CHAT_AND_VOIP_SCOPES),
    version("2023-10-01", Surface::Current, true, MEETING_SCOPES),
    version("2025-06-30", Surface::Current, true, MEETING_SCOPES),
    version("2026-07-22", Surface::Current, true, MEETING_SCOPES),
    version("2026-09-23", Surface::Current, true, MEETING_SCOPES),
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

/// Returns the version that a request's query names. `url` is the request's URL without its query,
/// for the message of an error.
pub(crate) fn requested(query: &str, url: &str) -> Result<&'static Version, ServiceError> {
    let mut names: Vec<&str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("api-version"))
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
        .collect();
    names.dedup();
    match names.as_slice() {
        [] => Err(ServiceError::VersionUnspecified),
        [name] => VERSIONS
            .iter()
            .find(|version| version.name == *name)
            .ok_or_else(|| ServiceError::unsupported_version(url, name)),
        several => Err(ServiceError::VersionAmbiguous { versions: several.join(", ") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scopes and lifetimes appear with the version that introduced them.
    #[test]
    fn version_has_its_scopes_and_lifetimes() {
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

    /// Two different versions in one request are refused.
    #[test]
    fn two_different_versions_are_ambiguous() {
        let error = requested("api-version=2023-10-01&api-version=2021-03-07", "").unwrap_err();

        assert_eq!(
            error,
            ServiceError::VersionAmbiguous { versions: "2023-10-01, 2021-03-07".to_owned() }
        );
    }

    /// An empty version counts as missing.
    #[test]
    fn empty_version_counts_as_missing() {
        assert_eq!(requested("api-version=&x=1", ""), Err(ServiceError::VersionUnspecified));
    }
}
