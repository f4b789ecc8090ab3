use std::fmt;
use std::sync::Arc;

use identity_client::{AccessKey, ConnectionString, Endpoint, FreshKeys, KeyRing, KeySource};
use thiserror::Error;

use super::Environment;
use super::reader::Reader;
use super::values::boolean;
use crate::log::chain;
use crate::secret::Secret;

const PRIMARY: &str = "ACS_CONNECTION_STRING";
const SECONDARY: &str = "ACS_SECONDARY_CONNECTION_STRING";
const IN_USE: &str = "ACS_KEY_IN_USE";

/// The ACS resource and its keys.
pub(super) struct Acs {
    endpoint: Endpoint,
    /// The key that signs first, and the one that signs when ACS refuses it.
    in_use: AccessKey,
    other: Option<AccessKey>,
}

impl Acs {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let allow_http = reader.optional("ACS_ALLOW_HTTP", "false", boolean);
        let connection = |text: &str| {
            let parsed = match allow_http {
                Some(true) => ConnectionString::parse_insecure(text),
                _ => text.parse(),
            };
            parsed.map_err(|error| chain(&error))
        };
        let primary = reader.required(PRIMARY, connection);
        let secondary_in_use = reader.optional(IN_USE, "primary", is_secondary);
        let secondary = match secondary_in_use {
            Some(true) => reader.required(SECONDARY, connection),
            _ => reader.checked(SECONDARY, connection),
        };
        let ConnectionString { endpoint, access_key: primary } = primary?;
        if secondary.as_ref().is_some_and(|secondary| secondary.endpoint != endpoint) {
            reader.refuse(SECONDARY, &format!("must have the same endpoint as {PRIMARY}"));
        }
        let secondary = secondary.map(|secondary| secondary.access_key);
        let (in_use, other) = match (secondary_in_use?, secondary) {
            (true, secondary) => (secondary?, Some(primary)),
            (false, secondary) => (primary, secondary),
        };
        Some(Self { endpoint, in_use, other })
    }

    /// The resource, and its keys as they are now; with a secret they are read anew when ACS refuses
    /// them.
    pub(super) fn with_keys_of(self, secret: Option<(Secret, Environment)>) -> (Endpoint, KeyRing) {
        let keys = KeyRing::new(self.in_use, self.other.into_iter().collect());
        let endpoint = self.endpoint.clone();
        let keys = match secret {
            Some((secret, environment)) => {
                keys.renewed_by(Arc::new(RotatedKeys { secret, environment, endpoint }))
            }
            None => keys,
        };
        (self.endpoint, keys)
    }
}

fn is_secondary(value: &str) -> Result<bool, String> {
    match value {
        "primary" => Ok(false),
        "secondary" => Ok(true),
        _ => Err("must be `primary` or `secondary`".to_owned()),
    }
}

/// Reads the keys again, from where they were read at the start.
struct RotatedKeys {
    secret: Secret,
    environment: Environment,
    endpoint: Endpoint,
}

#[derive(Debug, Error)]
#[error("the secret has the keys of another endpoint now: the function has to be started anew")]
struct OtherEndpoint;

impl KeySource for RotatedKeys {
    fn keys(&self) -> FreshKeys<'_> {
        Box::pin(async move {
            let settings = self.secret.read().await?;
            let mut reader = Reader::new(&*self.environment);
            reader.add(settings);
            let acs = Acs::read(&mut reader);
            let acs = reader.finish(acs)?;
            if acs.endpoint != self.endpoint {
                return Err(OtherEndpoint.into());
            }
            Ok([acs.in_use].into_iter().chain(acs.other).collect())
        })
    }
}

impl fmt::Debug for RotatedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatedKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SettingsError;

    const FIRST: &str = "endpoint=https://contoso.example;accesskey=Zmlyc3Q=";
    const SECOND: &str = "endpoint=https://contoso.example/;accesskey=c2Vjb25k";

    fn read(settings: &[(&str, &str)]) -> Result<Acs, SettingsError> {
        let lookup = |name: &str| {
            let found = settings.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&lookup);
        let acs = Acs::read(&mut reader);
        reader.finish(acs)
    }

    fn key(text: &str) -> AccessKey {
        text.parse().unwrap()
    }

    #[test]
    fn the_key_in_use_signs_first_and_the_other_is_there_when_acs_refuses_it() {
        let acs = read(&[(PRIMARY, FIRST)]).unwrap();
        assert!(acs.in_use == key("Zmlyc3Q=") && acs.other.is_none());

        let both = [(PRIMARY, FIRST), (SECONDARY, SECOND), (IN_USE, "primary")];
        let acs = read(&both).unwrap();
        assert!(acs.in_use == key("Zmlyc3Q=") && acs.other == Some(key("c2Vjb25k")));

        let acs = read(&[(PRIMARY, FIRST), (SECONDARY, SECOND), (IN_USE, "secondary")]).unwrap();
        assert!(acs.in_use == key("c2Vjb25k") && acs.other == Some(key("Zmlyc3Q=")));
    }

    #[test]
    fn keys_that_are_not_two_of_one_resource_are_refused() {
        let elsewhere = "endpoint=https://fabrikam.example;accesskey=c2Vjb25k";
        for (settings, said) in [
            (
                vec![(PRIMARY, FIRST), (SECONDARY, elsewhere)],
                "ACS_SECONDARY_CONNECTION_STRING must have the same endpoint as ACS_CONNECTION_STRING",
            ),
            (
                vec![(PRIMARY, FIRST), (IN_USE, "secondary")],
                "ACS_SECONDARY_CONNECTION_STRING is missing",
            ),
            (vec![(SECONDARY, SECOND)], "ACS_CONNECTION_STRING is missing"),
            (
                vec![(PRIMARY, FIRST), (IN_USE, "both")],
                "ACS_KEY_IN_USE must be `primary` or `secondary`",
            ),
        ] {
            let error = read(&settings).err().unwrap();
            assert_eq!(error.to_string(), format!("settings: {said}"));
        }
    }
}
