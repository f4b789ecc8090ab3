//! State files: the state that survives a restart, and the files that are refused.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use acs_emulator::{Emulator, Journal, JournalError, OpenedJournal, Resource, Settings};
use serde_json::json;
use tempfile::TempDir;

use crate::harness;

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("state.jsonl")
}

fn open(path: &Path) -> Result<OpenedJournal, JournalError> {
    Journal::open(path, || Resource::generate(None, [None, None]))
}

/// An emulator of the file's resource, with all its past changes.
fn revive(opened: &OpenedJournal) -> harness::Resource {
    let settings = Settings::for_resource(&opened.resource).unwrap();
    let resource = harness::Resource::with(settings.clone());
    let resource = harness::Resource { emulator: Emulator::new(settings), ..resource };
    for entry in &opened.entries {
        resource.emulator.replay(entry);
    }
    resource
}

/// Everything that lasts is the same after a restart.
#[test]
fn restart_rebuilds_lasting_state() {
    let folder = TempDir::new().unwrap();
    let mut opened = open(&file(&folder)).unwrap();
    let resource = revive(&opened);
    let target = format!("/identities?api-version={}", harness::GA);
    let with_token = json!({ "createTokenWithScopes": ["chat"] });
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let response = resource.call("POST", &target, &with_token);
        opened.journal.append(&response.entries).unwrap();
        tokens.push(response.body["accessToken"]["token"].as_str().unwrap().to_owned());
    }
    let identities = resource.emulator.identities();
    let path = format!("/identities/{}/:revokeAccessTokens", identities[0].id);
    let revoke = format!("{path}?api-version={}", harness::GA);
    opened.journal.append(&resource.call("POST", &revoke, &json!(null)).entries).unwrap();
    let delete = format!("/identities/{}?api-version={}", identities[1].id, harness::GA);
    opened.journal.append(&resource.call("DELETE", &delete, &json!(null)).entries).unwrap();
    let clock = resource.control("POST", "clock", &json!({ "advanceSeconds": 60 }));
    opened.journal.append(&clock.entries).unwrap();
    let key = resource.control("POST", "keys/secondary/regenerate", &json!(null));
    opened.journal.append(&key.entries).unwrap();
    drop(opened);

    let revived = revive(&open(&file(&folder)).unwrap());

    assert_eq!(revived.emulator.identities(), resource.emulator.identities());
    for token in &tokens {
        assert_eq!(revived.introspect(token), resource.introspect(token));
    }
    assert_eq!(
        tokens.iter().map(|t| revived.is_active(t)).collect::<Vec<_>>(),
        [false, false, true]
    );
    assert_eq!(
        revived.control("GET", "jwks", &json!(null)).body,
        resource.control("GET", "jwks", &json!(null)).body
    );
    let new_key = key.body["accessKey"].as_str().unwrap().parse().unwrap();
    assert!(!identities.iter().any(|known| known.id == revived.create()));
    revived.issue_with(&new_key, &identities[2].id);
}

/// A torn last line is cut off, and the file stays usable.
#[test]
fn torn_last_line_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder);
    let mut opened = open(&path).unwrap();
    let resource = revive(&opened);
    let target = format!("/identities?api-version={}", harness::GA);
    let create = || resource.call("POST", &target, &json!(null)).entries;
    opened.journal.append(&create()).unwrap();
    let whole = fs::read(&path).unwrap();
    let lost = create();
    opened.journal.append(&lost).unwrap();
    drop(opened);
    let torn = fs::read(&path).unwrap();
    fs::write(&path, &torn[..torn.len() - 3]).unwrap();

    let mut reopened = open(&path).unwrap();

    assert_eq!(reopened.entries.len(), 1);
    assert_eq!(fs::read(&path).unwrap(), whole);
    reopened.journal.append(&lost).unwrap();
    drop(reopened);
    assert_eq!(open(&path).unwrap().entries.len(), 2);
}

/// A damaged line is named by its number and not quoted: it may hold a secret.
#[test]
fn damaged_line_is_named_not_quoted() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder);
    drop(open(&path).unwrap());
    let mut damaged = fs::OpenOptions::new().append(true).open(&path).unwrap();
    damaged.write_all(b"{\"change\":\"secret\"}\n").unwrap();

    let error = open(&path).unwrap_err();

    assert!(matches!(error, JournalError::Malformed { line: 2, .. }));
    assert!(error.to_string().contains("line 2") && !error.to_string().contains("secret"));
}

/// A file that is not a state file is named in the error and left as it is.
#[test]
fn foreign_file_is_left_as_is() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder);
    drop(open(&path).unwrap());
    let own = fs::read(&path).unwrap();
    let torn = &own[..own.len() - 1];
    for text in [b"dear diary".as_slice(), b"\n", b"{}\nlast", torn] {
        fs::write(&path, text).unwrap();

        let error = open(&path).unwrap_err();

        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(fs::read(&path).unwrap(), text);
    }
}

/// An empty file becomes a state file, and nothing else stays in the folder.
#[test]
fn empty_file_becomes_state_file() {
    let folder = TempDir::new().unwrap();
    fs::write(file(&folder), "").unwrap();

    let first = open(&file(&folder)).unwrap().resource;

    assert_eq!(open(&file(&folder)).unwrap().resource.resource_id, first.resource_id);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

/// Two emulators cannot share a file.
#[test]
fn two_emulators_cannot_share_a_file() {
    let folder = TempDir::new().unwrap();
    let _first = open(&file(&folder)).unwrap();

    assert!(open(&file(&folder)).unwrap_err().is_locked());
}

/// Only its owner may read a state file.
#[cfg(unix)]
#[test]
fn only_owner_may_read_state_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let mode = || fs::metadata(file(&folder)).unwrap().permissions().mode() & 0o777;
    drop(open(&file(&folder)).unwrap());
    assert_eq!(mode(), 0o600);

    fs::set_permissions(file(&folder), fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&file(&folder)).unwrap());
    assert_eq!(mode(), 0o600);
}
