//! `acs-broker orphans`: identities that no user has.

use std::fmt;

use acs_broker_core::{Record, RecordKey, StoreError, UserStore};
use clap::Args;
use identity_client::Timestamp;
use serde::Serialize;

use crate::error::CliError;
use crate::exit::Exit;
use crate::records::Records;
use crate::report::Report;
use crate::session::Session;
use crate::text_table::{columns, or_none};
use crate::unreadable::{Paragraph, UnreadableRow, exit_with};

const EXAMPLES: &str = "\
Examples:
  acs-broker orphans
  acs-broker --local orphans --json";

/// List identities that no user has, and users with unconfirmed identities
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct OrphansArgs {}

/// Reports identities that no user has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrphanReport {
    orphans: Vec<Orphan>,
    unconfirmed_identities: Vec<UnconfirmedIdentities>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableRow>,
}

/// An identity that no user has. The sweep deletes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Orphan {
    identity: String,
    since: Option<Timestamp>,
    retry_at: Option<Timestamp>,
}

/// A user for whom ACS may have created identities whose ids are unknown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UnconfirmedIdentities {
    issuer: String,
    subject: String,
    count: u32,
}

impl OrphansArgs {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit, CliError> {
        let stack = session.find_stack().await?;
        session.print(&find(&stack.records).await?)
    }
}

/// Searches the whole table.
async fn find<T: UserStore>(records: &Records<T>) -> Result<OrphanReport, StoreError> {
    let (mut orphans, mut unconfirmed_identities) = (Vec::new(), Vec::new());
    let collect = |key: RecordKey, record: Record| -> Option<()> {
        match key {
            RecordKey::Orphan(identity) => orphans.extend(orphan(identity.to_string(), &record)),
            RecordKey::User(issuer, subject) if record.unconfirmed_identities > 0 => {
                unconfirmed_identities.push(UnconfirmedIdentities {
                    issuer: issuer.as_str().to_owned(),
                    subject: subject.as_str().to_owned(),
                    count: record.unconfirmed_identities,
                });
            }
            RecordKey::User(..) | RecordKey::AllUsers => {}
        }
        None
    };
    let unreadable = records.scan(collect).await?.unreadable;
    orphans.sort_by_key(|orphan| orphan.since);
    Ok(OrphanReport { orphans, unconfirmed_identities, unreadable })
}

fn orphan(identity: String, record: &Record) -> Option<Orphan> {
    // The row of a deleted orphan stays for a while, without a binding.
    record.bound()?;
    Some(Orphan {
        identity,
        since: record.pending().map(|pending| pending.accepted_at),
        retry_at: record.pending().map(|pending| pending.retry_at),
    })
}

impl Report for OrphanReport {
    fn exit(&self) -> Exit {
        exit_with(&self.unreadable, Exit::Done)
    }
}

impl fmt::Display for OrphanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.orphans.is_empty() && self.unconfirmed_identities.is_empty() {
            writeln!(f, "No orphans, and no unconfirmed identities.")?;
        }
        if !self.orphans.is_empty() {
            let rows = self.orphans.iter().map(|orphan| {
                [orphan.identity.clone(), or_none(orphan.since), or_none(orphan.retry_at)]
            });
            write!(f, "{}", columns(Some(["ORPHAN", "SINCE", "NEXT TRY"]), rows))?;
        }
        if !self.orphans.is_empty() && !self.unconfirmed_identities.is_empty() {
            writeln!(f)?;
        }
        if !self.unconfirmed_identities.is_empty() {
            let rows = self
                .unconfirmed_identities
                .iter()
                .map(|user| [user.subject.clone(), user.issuer.clone(), user.count.to_string()]);
            let header = ["SUBJECT", "ISSUER", "UNCONFIRMED IDENTITIES"];
            write!(f, "{}", columns(Some(header), rows))?;
        }
        write!(f, "{}", Paragraph(&self.unreadable))
    }
}

#[cfg(test)]
mod tests {
    use acs_broker_core::{
        BoundIdentity, EpochSeconds, IdentityState, PendingKind, PendingOperation, UniqueId,
    };
    use identity_client::IdentityId;
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::{Harness, now, second, subject, to_json};

    /// An operator finds orphans and unconfirmed identities, and nothing else.
    #[tokio::test(start_paused = true)]
    async fn scan_finds_only_orphans() {
        let harness = Harness::new();
        harness.users(&["alice"]).await;
        let identity: IdentityId = "8:acs:a_b".parse().unwrap();
        let id = UniqueId::from_bits(1);
        let pending = Some(PendingOperation::accept(PendingKind::Delete, id, now()));
        let bound = BoundIdentity::new(identity.clone(), EpochSeconds(0));
        let state = IdentityState::Bound(BoundIdentity { pending, ..bound });
        let record = Record { identity: state, ..Record::default() };
        harness.put(&RecordKey::Orphan(identity), &record).await;
        let deleted = RecordKey::Orphan("8:acs:a_c".parse().unwrap());
        harness.put(&deleted, &Record::default()).await;
        let bob = harness.records.key(&subject("bob"));
        harness.put(&bob, &Record { unconfirmed_identities: 2, ..Record::default() }).await;

        let OrphanReport { orphans, unconfirmed_identities, .. } =
            find(&harness.records).await.unwrap();
        let orphans: Vec<_> = orphans.iter().map(|o| (o.identity.as_str(), o.since)).collect();
        assert_eq!(orphans, [("8:acs:a_b", Some(now()))]);
        let users = unconfirmed_identities.iter().map(|user| (user.subject.as_str(), user.count));
        assert_eq!(users.collect::<Vec<_>>(), [("bob", 2)]);
    }

    /// An unreadable row is named, and does not hide the others.
    #[tokio::test(start_paused = true)]
    async fn unreadable_row_is_named() {
        let harness = Harness::new();
        harness.make_unreadable("alice");
        let bob = harness.records.key(&subject("bob"));
        harness.put(&bob, &Record { unconfirmed_identities: 2, ..Record::default() }).await;
        let report = find(&harness.records).await.unwrap();
        assert_eq!((report.unconfirmed_identities.len(), report.exit()), (1, Exit::Partial));
        assert!(report.to_string().contains("user https://idp.example alice"), "{report}");
    }

    mod report {
        use super::*;

        /// Both forms of a report with both kinds of rows.
        #[test]
        fn prints_both_kinds() {
            let orphan = Orphan {
                identity: "8:acs:a_b".to_owned(),
                since: Some(second(-60)),
                retry_at: Some(second(0)),
            };
            let user = UnconfirmedIdentities {
                issuer: "https://idp.example".to_owned(),
                subject: "bob".to_owned(),
                count: 2,
            };
            let report = OrphanReport {
                orphans: vec![orphan],
                unconfirmed_identities: vec![user],
                unreadable: vec![],
            };
            assert_snapshot!(report, @"
            ORPHAN     SINCE                 NEXT TRY
            8:acs:a_b  2026-11-23T11:59:00Z  2026-11-23T12:00:00Z

            SUBJECT  ISSUER               UNCONFIRMED IDENTITIES
            bob      https://idp.example  2
            ");
            assert_snapshot!(to_json(&report), @r#"
            {
              "orphans": [
                {
                  "identity": "8:acs:a_b",
                  "since": "2026-11-23T11:59:00Z",
                  "retryAt": "2026-11-23T12:00:00Z"
                }
              ],
              "unconfirmedIdentities": [
                {
                  "issuer": "https://idp.example",
                  "subject": "bob",
                  "count": 2
                }
              ]
            }
            "#);
        }

        /// An empty report is a sentence, not an empty table.
        #[test]
        fn empty_is_a_sentence() {
            let report = OrphanReport {
                orphans: vec![],
                unconfirmed_identities: vec![],
                unreadable: vec![],
            };
            assert_snapshot!(report, @"No orphans, and no unconfirmed identities.");
        }
    }
}
