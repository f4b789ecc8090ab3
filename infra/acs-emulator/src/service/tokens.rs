//! Makes the text of a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;

use crate::settings::Settings;
use crate::state::issued_token::IssuedToken;

/// The claims of the token in Microsoft's JavaScript quickstart, in its order. (`scp` is the same
/// in every sample. Its meaning is not documented.)
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    skypeid: &'a str,
    scp: u32,
    csi: String,
    exp: i64,
    acs_scope: String,
    resource_id: &'a str,
    resource_location: &'a str,
    iat: i64,
}

/// Returns the text of a token with the header and the claims of the service's tokens, or `None`
/// when the machine cannot sign.
///
/// Two tokens of one second for one identity and the same scopes would be the same text, so a
/// revocation between them could not tell them apart. A text that exists already gets insignificant
/// white space in its claims until it is new.
pub(crate) fn mint(
    settings: &Settings,
    token: &IssuedToken,
    is_taken: impl Fn(&str) -> bool,
) -> Option<String> {
    let issued = token.issued_at.as_second();
    let claims = Claims {
        skypeid: token.identity.strip_prefix("8:").unwrap_or(&token.identity),
        scp: 1792,
        csi: issued.to_string(),
        exp: token.expires_on.as_second(),
        acs_scope: token.scopes.join(","),
        resource_id: &settings.resource_id,
        resource_location: "unitedstates",
        iat: issued,
    };
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&settings.token_key.header()).ok()?);
    let mut claims = serde_json::to_string(&claims).ok()?;
    loop {
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(&claims));
        let signature = settings.token_key.sign(message.as_bytes())?;
        let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        if !is_taken(&text) {
            return Some(text);
        }
        claims.push(' ');
    }
}

/// Formats an instant as the service does: up to seven digits of fraction, `+00:00`.
pub(crate) fn format_expiry(instant: Timestamp) -> String {
    let ticks = instant.as_nanosecond().div_euclid(100) * 100;
    let instant = Timestamp::from_nanosecond(ticks).unwrap_or(instant);
    instant.strftime("%Y-%m-%dT%H:%M:%S%.f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expiry is formatted as .NET formats it.
    #[test]
    fn expiry_has_dotnet_format() {
        let formatted = |text: &str| format_expiry(text.parse().unwrap());

        assert_eq!(
            formatted("2026-11-23T01:02:03.703938399Z"),
            "2026-11-23T01:02:03.7039383+00:00"
        );
        assert_eq!(formatted("2026-11-23T01:02:03.5Z"), "2026-11-23T01:02:03.5+00:00");
        assert_eq!(formatted("2026-11-23T01:02:03Z"), "2026-11-23T01:02:03+00:00");
    }
}
