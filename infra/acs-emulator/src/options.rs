//! The command's options, and the emulator that they describe.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acs_emulator::{
    AccessKey, Emulator, Journal, JournalEntry, JournalError, OpenedJournal, Resource,
    ResourceError, Settings,
};
use clap::Parser;

/// A local emulator of the Azure Communication Services Identity service.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Where to serve plain http; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", required_unless_present = "https")]
    pub(crate) http: Option<SocketAddr>,
    /// Where to serve https; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) https: Option<SocketAddr>,
    /// Where to write the certificate that https clients have to trust [default:
    /// acs-emulator-ca.pem beside the state file, else here]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// An access key; given twice, the second is the secondary key [default: generated]
    #[arg(long = "access-key", value_name = "BASE64")]
    access_keys: Vec<AccessKey>,
    /// The resource's id [default: generated]
    #[arg(long, value_name = "GUID", value_parser = guid)]
    resource_id: Option<String>,
    /// How far a request's date may be off, either way
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    clock_skew: u64,
    /// Keep everything in this file across restarts
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Respond with 429 above the service's limits per 30 seconds
    #[arg(long)]
    enforce_quotas: bool,
    /// Accept more signatures of faulty clients
    #[arg(long)]
    lenient_auth: bool,
    /// Print one line of JSON when ready
    #[arg(long)]
    pub(crate) json: bool,
}

/// The resource to emulate, with its past changes and the file for further ones.
pub(crate) struct Origin {
    pub(crate) resource: Resource,
    pub(crate) entries: Vec<JournalEntry>,
    pub(crate) journal: Option<Journal>,
}

/// The options contradict each other or the state file, or name one that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionsError {
    #[error("--access-key: at most two")]
    TooManyAccessKeys,
    #[error("--resource-id: the state file was made with another")]
    ResourceIdDiffers,
    #[error("--access-key: the state file was made with another")]
    AccessKeyDiffers,
    #[error(transparent)]
    Resource(#[from] ResourceError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The text is not a GUID.
#[derive(Debug, thiserror::Error)]
#[error("not a GUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8")]
pub(crate) struct GuidError;

impl Options {
    /// The resource of the state file, or a new one.
    pub(crate) fn origin(&self) -> Result<Origin, OptionsError> {
        let keys = match self.access_keys.as_slice() {
            [] => [None, None],
            [primary] => [Some(primary), None],
            [primary, secondary] => [Some(primary), Some(secondary)],
            _ => return Err(OptionsError::TooManyAccessKeys),
        };
        let make = || Resource::generate(self.resource_id.clone(), keys.map(Option::<&_>::cloned));
        let Some(state) = &self.state else {
            return Ok(Origin { resource: make()?, entries: Vec::new(), journal: None });
        };

        let OpenedJournal { journal, resource, entries } = Journal::open(state, make)?;
        if self.resource_id.as_ref().is_some_and(|id| *id != resource.resource_id) {
            return Err(OptionsError::ResourceIdDiffers);
        }
        let differs = |(key, kept): (Option<&AccessKey>, _)| key.is_some_and(|key| key != kept);
        if keys.into_iter().zip(&resource.access_keys).any(differs) {
            return Err(OptionsError::AccessKeyDiffers);
        }
        Ok(Origin { resource, entries, journal: Some(journal) })
    }

    /// The emulator of a resource with these past changes.
    pub(crate) fn emulator(
        &self,
        resource: &Resource,
        entries: &[JournalEntry],
    ) -> Result<Emulator, OptionsError> {
        let mut settings = Settings::for_resource(resource)?;
        settings.clock_skew = Duration::from_secs(self.clock_skew);
        settings.enforce_quotas = self.enforce_quotas;
        settings.lenient_auth = self.lenient_auth;
        let emulator = Emulator::new(settings);
        for entry in entries {
            emulator.replay(entry);
        }
        Ok(emulator)
    }

    /// The file for the certificate authority.
    pub(crate) fn ca_file(&self) -> PathBuf {
        let beside = self.state.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        self.ca_file.clone().unwrap_or_else(|| beside.join("acs-emulator-ca.pem"))
    }
}

/// Parses five groups of hexadecimal digits, 8-4-4-4-12.
fn guid(text: &str) -> Result<String, GuidError> {
    let is_hex = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths = text.split('-').map(str::len);
    if lengths.eq([8, 4, 4, 4, 12]) && text.split('-').all(is_hex) {
        Ok(text.to_owned())
    } else {
        Err(GuidError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only a GUID can be a resource's id.
    #[test]
    fn resource_id_is_a_guid() {
        let of = |id| Options::try_parse_from(["x", "--http", "127.0.0.1:0", "--resource-id", id]);
        assert!(of("6ba7b810-9dad-11d1-80b4-00C04FD430C8").is_ok());
        for id in
            ["", "x", "6ba7b8109dad11d180b400c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cg"]
        {
            assert!(of(id).is_err(), "{id}");
        }
    }
}
