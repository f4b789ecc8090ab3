//! Tests of `acs-broker export`.

use std::future::{pending, ready};

use acs_broker_store_dynamodb::testing::StoreCall;
use insta::assert_snapshot;
use serde_json::Value;

use super::*;
use crate::progress::Progress;
use crate::testing::{Harness, now};

fn args() -> ExportArgs {
    ExportArgs { output: None, after: None, rate: NonZeroUsize::new(1000).unwrap() }
}

fn header(page: &Page) -> Header {
    let resource = page.records.iter().find_map(|(_, record)| record.bound());
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        issuer: "https://idp.example".to_owned(),
        resource: resource.map(|bound| resource_of(&bound.id).to_owned()),
        table: "users".to_owned(),
        exported_at: now(),
        after: None,
    }
}

async fn export(
    harness: &Harness,
    args: &ExportArgs,
    stop: impl Future<Output = ()>,
) -> (Exported, Vec<Value>) {
    let mut file = Vec::new();
    let meter = Progress::HIDDEN.meter(None);
    let exported = args.export(&harness.records, &header, &mut file, &meter, stop).await.unwrap();
    let lines = std::str::from_utf8(&file).unwrap().lines();
    (exported, lines.map(|line| serde_json::from_str(line).unwrap()).collect())
}

mod file {
    use super::*;

    /// An export has every row, and says so at its end.
    #[tokio::test(start_paused = true)]
    async fn has_header_rows_and_end() {
        let harness = Harness::new();
        harness.users(&["alice", "bob"]).await;
        harness.revoke("bob", false).await;
        let (exported, lines) = export(&harness, &args(), pending()).await;
        assert_eq!((exported.exit(), exported.count), (Exit::Done, 2));
        assert_eq!(lines.len(), 4);
        assert_eq!((&lines[0]["format"], &lines[0]["version"]), (&FORMAT.into(), &1.into()));
        assert!(lines[0]["resource"].is_string(), "{}", lines[0]);
        assert_eq!(lines[2]["subject"], "bob");
        assert_eq!(lines[2]["sessionsValidAfter"], now().to_string());
        assert_eq!((&lines[3]["end"], &lines[3]["count"]), (&true.into(), &2.into()));
        assert_eq!(lines[3]["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(lines[3].get("next"), None);
    }

    /// A stack without users exports a file, too.
    #[tokio::test(start_paused = true)]
    async fn of_nobody_is_valid() {
        let (exported, lines) = export(&Harness::new(), &args(), pending()).await;
        assert_eq!((exported.exit(), lines.len()), (Exit::Done, 2));
    }

    /// Only its owner may read the file, and nothing is overwritten.
    #[test]
    fn is_private_and_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.ndjson");
        let file = create(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(file);
        assert!(create(&path).is_err());
    }
}

/// A row of a newer version does not keep the others out of a backup, and is named.
#[tokio::test(start_paused = true)]
async fn unreadable_row_is_named() {
    let harness = Harness::new();
    harness.users(&["alice", "bob", "carol"]).await;
    harness.make_unreadable("bob");
    let (exported, lines) = export(&harness, &args(), pending()).await;
    assert_eq!((exported.exit(), exported.count), (Exit::Partial, 2));
    assert_eq!((lines.len(), &lines[2]["subject"]), (4, &"carol".into()));
    let text = exported.text(str::to_owned);
    assert!(text.contains("user https://idp.example bob  revision: must"), "{text}");
}

mod part {
    use super::*;

    /// Parts that go on where the last one stopped have each row once.
    #[tokio::test(start_paused = true)]
    async fn goes_on_after_the_last_key() {
        let harness = Harness::new();
        harness.users(&["alice", "bob", "carol", "dave", "erin"]).await;
        // Two rows a page; the second page begins a second later.
        let slow = ExportArgs { rate: NonZeroUsize::new(2).unwrap(), ..args() };
        let stop = tokio::time::sleep(Duration::from_millis(500));
        let (first, lines) = export(&harness, &slow, stop).await;
        assert_eq!((first.exit(), first.count), (Exit::Partial, 2));
        let next = lines[3]["next"].as_str().unwrap();
        let stopped = first.stopped.as_ref().unwrap();
        assert_eq!(stopped.after.as_ref().unwrap().to_text(), next);

        let rest = ExportArgs { after: Some(key(next).unwrap()), ..args() };
        let (rest, more) = export(&harness, &rest, pending()).await;
        assert_eq!((rest.exit(), rest.count), (Exit::Done, 3));
        let subjects = lines.iter().chain(&more).filter_map(|line| line["subject"].as_str());
        assert_eq!(subjects.collect::<Vec<_>>(), ["alice", "bob", "carol", "dave", "erin"]);
    }

    /// The operator learns the command that goes on, with the stack that was used.
    #[test]
    fn names_the_next_command() {
        let user = RecordKey::user("https://idp.example".parse().unwrap(), "o'b".parse().unwrap());
        let stopped = Stopped { after: Some(user), why: StopReason::Interrupted };
        let exported = Exported { count: 2, unreadable: vec![], stopped: Some(stopped) };
        let text = exported.text(|arguments| format!("acs-broker --local {arguments}"));
        assert_snapshot!(text, @r#"
        2 records exported, then interrupted. Go on with:
          acs-broker --local export --after 'user https://idp.example o'\''b' > next.ndjson
        "#);
    }

    /// An export that is stopped at once has read nothing.
    #[tokio::test(start_paused = true)]
    async fn interrupted_at_once_reads_nothing() {
        let harness = Harness::new();
        let (exported, lines) = export(&harness, &args(), ready(())).await;
        assert_eq!((exported.exit(), lines.len()), (Exit::Partial, 0));
        assert!(!harness.store_calls().contains(&StoreCall::List));
    }
}

/// The table is read at the rate that was asked for, however fast it is.
#[tokio::test(start_paused = true)]
async fn rate_is_never_exceeded() {
    let harness = Harness::new();
    harness.users(&["alice", "bob", "carol", "dave", "erin"]).await;
    let start = Instant::now();
    let slow = ExportArgs { rate: NonZeroUsize::new(2).unwrap(), ..args() };
    export(&harness, &slow, pending()).await;
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}
