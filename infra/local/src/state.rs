//! Where the stack keeps what must survive a restart.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::dev::signing_key::{SigningKey, SigningKeyError};

/// The folder given by `--state`, or with `--in-memory` one for this run only, which holds nothing
/// but the certificate that clients have to trust.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
    /// Removes the folder when it is dropped.
    forgotten: Option<TempDir>,
}

/// The identity provider's key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("the identity provider's key cannot be kept in {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// What is in the file is no key.
    #[error("{} holds no key for the identity provider", .0.display())]
    Content(PathBuf, #[source] SigningKeyError),
    /// There is no new key.
    #[error("the identity provider's key cannot be made")]
    Make(#[source] SigningKeyError),
}

impl State {
    /// Keeps state in `folder`, which is made if need be, on Unix for its owner only.
    ///
    /// # Errors
    /// What the file system fails with.
    pub(crate) fn kept_in(folder: &Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        Ok(Self { folder: folder.canonicalize()?, forgotten: None })
    }

    /// Keeps state for this run only.
    ///
    /// # Errors
    /// What the file system fails with.
    pub(crate) fn forgotten() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("acs-token-broker-").tempdir()?;
        Ok(Self { folder: folder.path().to_owned(), forgotten: Some(folder) })
    }

    /// The ACS emulator's state file, unless it is to be forgotten.
    #[must_use]
    pub(crate) fn acs_journal(&self) -> Option<PathBuf> {
        self.kept("acs.jsonl")
    }

    /// The table's SQLite file, unless it is to be forgotten.
    #[must_use]
    pub(crate) fn table_file(&self) -> Option<PathBuf> {
        self.kept("table.sqlite")
    }

    /// Where the certificate authority of the ACS emulator's https port is written.
    #[must_use]
    pub(crate) fn acs_ca_file(&self) -> PathBuf {
        self.folder.join("acs-ca.pem")
    }

    /// The identity provider's key: made at the first start, then read, so that sessions outlive a
    /// restart.
    ///
    /// # Errors
    /// [`KeyFileError`]: the file or the key in it cannot be used.
    pub(crate) fn signing_key(&self) -> Result<SigningKey, KeyFileError> {
        let Some(file) = self.kept("identity-provider.pem") else {
            let pem = SigningKey::generate_pem().map_err(KeyFileError::Make)?;
            return SigningKey::from_pem(&pem).map_err(KeyFileError::Make);
        };
        let pem = read_or_make(&file)?;
        SigningKey::from_pem(&pem).map_err(|source| KeyFileError::Content(file, source))
    }

    fn kept(&self, name: &str) -> Option<PathBuf> {
        self.forgotten.is_none().then(|| self.folder.join(name))
    }
}

fn read_or_make(file: &Path) -> Result<String, KeyFileError> {
    let failed = |source| KeyFileError::File(file.to_owned(), source);
    match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let pem = SigningKey::generate_pem().map_err(KeyFileError::Make)?;
            write_secret(file, &pem).map_err(failed)?;
            Ok(pem)
        }
        read => read.map_err(failed),
    }
}

/// Writes a file whole or not at all, readable by its owner only.
fn write_secret(file: &Path, text: &str) -> io::Result<()> {
    let unfinished = file.with_extension("unfinished");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut written = options.open(&unfinished)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    fs::rename(unfinished, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sessions outlive a restart, because the key does.
    #[test]
    fn key_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::kept_in(&folder.path().join("new")).unwrap().signing_key().unwrap();
        let again = State::kept_in(&folder.path().join("new")).unwrap().signing_key().unwrap();
        assert_eq!(first.key_set(), again.key_set());
    }

    /// Nobody else on the machine can read the key.
    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt as _;

        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("new");
        State::kept_in(&folder).unwrap().signing_key().unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.join("identity-provider.pem")), 0o600);
        assert_eq!(mode(folder), 0o700);
    }

    /// A state that is to be forgotten leaves nothing behind.
    #[test]
    fn forgotten_state_leaves_nothing() {
        let state = State::forgotten().unwrap();
        state.signing_key().unwrap();
        assert_eq!((state.acs_journal(), state.table_file()), (None, None));
        fs::write(state.acs_ca_file(), "pem").unwrap();
        let folder = state.folder.clone();
        drop(state);
        assert!(!folder.exists());
    }
}
