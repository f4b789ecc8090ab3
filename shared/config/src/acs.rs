//! The ACS resource and its keys.

use std::fmt;
use std::sync::Arc;

use identity_client::{AccessKey, ConnectionString, Endpoint, FreshKeys, KeyRing, KeySource};
use thiserror::Error;

use crate::error_chain::error_chain;
use crate::reader::{Environment, Reader};
use crate::secret::{Secret, parse_secret};
use crate::settings_error::SettingsError;
use crate::values::boolean;

const PRIMARY: &str = "ACS_CONNECTION_STRING";
const SECONDARY: &str = "ACS_SECONDARY_CONNECTION_STRING";
const IN_USE: &str = "ACS_KEY_IN_USE";

/// An ACS resource and the keys that sign its requests.
#[derive(Debug)]
pub struct AcsResource {
    /// The resource's address.
    pub endpoint: Endpoint,
    /// Its keys, the one in use first.
    pub keys: KeyRing,
}

/// The ACS settings as they were read.
pub(crate) struct AcsSettings {
    endpoint: Endpoint,
    /// The key that signs first.
    in_use: AccessKey,
    /// The key that signs when ACS refuses the first.
    other: Option<AccessKey>,
}

impl AcsResource {
    /// Reads the resource from settings and from the text of the secret, if there is one.
    ///
    /// # Errors
    /// All settings that are missing or wrong, at once. The text shows no value.
    pub fn read(
        lookup: &dyn Fn(&str) -> Option<String>,
        secret: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(lookup);
        if let Some(text) = secret {
            match parse_secret(text) {
                Ok(settings) => reader.add(settings),
                Err(error) => reader.refuse("SECRET_ARN", &error_chain(&error)),
            }
        }
        let acs = AcsSettings::read(&mut reader);
        Ok(reader.finish(acs)?.into_resource(None))
    }
}

impl AcsSettings {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let allow_http = reader.with_default("ACS_ALLOW_HTTP", "false", boolean);
        let connection = |text: &str| {
            let parsed = match allow_http {
                Some(true) => ConnectionString::parse_insecure(text),
                _ => text.parse(),
            };
            parsed.map_err(|error| error_chain(&error))
        };
        let primary = reader.required(PRIMARY, connection);
        let secondary_in_use = reader.with_default(IN_USE, "primary", is_secondary);
        let secondary = match secondary_in_use {
            Some(true) => reader.required(SECONDARY, connection),
            _ => reader.optional(SECONDARY, connection),
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

    /// Returns the resource. With a secret its keys are read again when ACS refuses them.
    pub(crate) fn into_resource(self, secret: Option<(Secret, Environment)>) -> AcsResource {
        let keys = KeyRing::new(self.in_use, self.other.into_iter().collect());
        let endpoint = self.endpoint.clone();
        let keys = match secret {
            Some((secret, environment)) => {
                keys.with_refresh(Arc::new(RotatedKeys { secret, environment, endpoint }))
            }
            None => keys,
        };
        AcsResource { endpoint: self.endpoint, keys }
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
#[error("the secret now has the keys of another endpoint: the function must be started again")]
struct OtherEndpointError;

impl KeySource for RotatedKeys {
    fn keys(&self) -> FreshKeys<'_> {
        Box::pin(async move {
            let settings = self.secret.read().await?;
            let mut reader = Reader::new(&*self.environment);
            reader.add(settings);
            let acs = AcsSettings::read(&mut reader);
            let acs = reader.finish(acs)?;
            if acs.endpoint != self.endpoint {
                return Err(OtherEndpointError.into());
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

    const FIRST: &str = "endpoint=https://contoso.example;accesskey=Zmlyc3Q=";
    const SECOND: &str = "endpoint=https://contoso.example/;accesskey=c2Vjb25k";

    fn read(settings: &[(&str, &str)]) -> Result<AcsSettings, SettingsError> {
        let lookup = |name: &str| {
            let found = settings.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&lookup);
        let acs = AcsSettings::read(&mut reader);
        reader.finish(acs)
    }

    fn key(text: &str) -> AccessKey {
        text.parse().unwrap()
    }

    /// The key in use signs first, and the other is there when ACS refuses it.
    #[test]
    fn key_in_use_signs_first() {
        let acs = read(&[(PRIMARY, FIRST)]).unwrap();
        assert!(acs.in_use == key("Zmlyc3Q=") && acs.other.is_none());

        let both = [(PRIMARY, FIRST), (SECONDARY, SECOND), (IN_USE, "primary")];
        let acs = read(&both).unwrap();
        assert!(acs.in_use == key("Zmlyc3Q=") && acs.other == Some(key("c2Vjb25k")));

        let acs = read(&[(PRIMARY, FIRST), (SECONDARY, SECOND), (IN_USE, "secondary")]).unwrap();
        assert!(acs.in_use == key("c2Vjb25k") && acs.other == Some(key("Zmlyc3Q=")));
    }

    /// Two keys of two resources would sign for identities that one of them does not own.
    #[test]
    fn keys_must_share_a_resource() {
        let elsewhere = "endpoint=https://fabrikam.example;accesskey=c2Vjb25k";
        for (settings, expected) in [
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
            assert_eq!(error.to_string(), format!("settings: {expected}"));
        }
    }
}
