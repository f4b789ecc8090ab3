//! The dry run of an operation on users: its effects on each of them.

use std::fmt;

use acs_broker_core::{PendingKind, Record, StoreError, Subject, UserStore};
use serde::Serialize;

use crate::progress::Progress;
use crate::records::Records;
use crate::report::Report;
use crate::text_table::{columns, none};
use acs_broker_core::Operation;

/// Reports what an operation would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsersPlan {
    operation: Operation,
    dry_run: bool,
    pub(crate) users: Vec<UserPlan>,
}

/// Reports what an operation would do to one user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPlan {
    subject: String,
    /// Whether the table has a record of the user.
    pub(crate) known: bool,
    identity: Option<String>,
    pub(crate) effects: Vec<Effect>,
}

/// Names an effect of an operation on a user as they are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Effect {
    /// Sessions that exist get no more tokens.
    EndsSessions,
    /// ACS revokes the tokens.
    RevokesTokens,
    /// ACS deletes the identity with everything it keeps about it.
    DeletesIdentity,
    /// An identity that is being created is discarded.
    EndsCreation,
    /// A deletion that was requested before is finished now.
    FinishesDeletion,
    /// The user is suspended.
    Suspends,
    /// The user may sign in again.
    LiftsSuspension,
    /// No suspension is in force; it is recorded that none is wanted.
    NotesThatNotSuspended,
}

impl Effect {
    const fn text(self) -> &'static str {
        match self {
            Self::EndsSessions => "end sessions",
            Self::RevokesTokens => "revoke tokens",
            Self::DeletesIdentity => "delete the identity",
            Self::EndsCreation => "end a creation under way",
            Self::FinishesDeletion => "finish a deletion that was requested before",
            Self::Suspends => "suspend",
            Self::LiftsSuspension => "lift the suspension",
            Self::NotesThatNotSuspended => "note that the user is not suspended",
        }
    }
}

/// Returns the common effects of revoke, suspend and delete: the end of the sessions, and
/// `on_identity` if there is an identity at ACS.
pub(crate) fn session_end(record: &Record, on_identity: Effect) -> Vec<Effect> {
    let is_being_deleted =
        record.pending().is_some_and(|pending| pending.kind == PendingKind::Delete);
    let at_acs = if is_being_deleted {
        // A pending deletion comes first, whatever is requested now.
        Some(Effect::FinishesDeletion)
    } else {
        record.bound().is_some().then_some(on_identity)
    };
    [Some(Effect::EndsSessions), at_acs].into_iter().flatten().collect()
}

/// Reads the users' records and returns the effects on each. Writes nothing.
pub(super) async fn plan<T: UserStore>(
    operation: Operation,
    effects: fn(&Record) -> Vec<Effect>,
    subjects: &[Subject],
    records: &Records<T>,
    progress: Progress,
) -> Result<UsersPlan, StoreError> {
    let meter = progress.meter(Some(subjects.len()));
    let mut users = Vec::new();
    for subject in subjects {
        let stored = records.table.read(&records.key(subject), &records.deadline()).await?;
        meter.inc(1);
        users.push(UserPlan {
            subject: subject.as_str().to_owned(),
            known: stored.record != Record::default(),
            effects: effects(&stored.record),
            identity: stored.record.bound().map(|bound| bound.id.to_string()),
        });
    }
    Ok(UsersPlan { operation, dry_run: true, users })
}

impl Report for UsersPlan {}

impl fmt::Display for UsersPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.users.iter().map(|user| {
            let effects: Vec<_> = user.effects.iter().copied().map(Effect::text).collect();
            let identity = match &user.identity {
                Some(identity) => identity.clone(),
                None if user.known => none(),
                None => "unknown user".to_owned(),
            };
            [user.subject.clone(), identity, effects.join("; ")]
        });
        write!(f, "{}", columns(Some(["SUBJECT", "IDENTITY", "WOULD"]), rows))?;
        let unknown = self.users.iter().filter(|user| !user.known).count();
        if unknown > 0 {
            writeln!(f, "\nNothing is known of {unknown} of {} users.", self.users.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::to_json;

    /// Both forms of a plan.
    #[test]
    fn prints_the_effects() {
        let plan = UsersPlan {
            operation: Operation::Suspend,
            dry_run: true,
            users: vec![
                UserPlan {
                    subject: "alice".to_owned(),
                    known: true,
                    identity: Some("8:acs:a_b".to_owned()),
                    effects: vec![Effect::Suspends, Effect::EndsSessions, Effect::RevokesTokens],
                },
                UserPlan {
                    subject: "\"alice\"".to_owned(),
                    known: false,
                    identity: None,
                    effects: vec![Effect::Suspends, Effect::EndsSessions],
                },
            ],
        };
        assert_snapshot!(plan, @r#"
        SUBJECT  IDENTITY      WOULD
        alice    8:acs:a_b     suspend; end sessions; revoke tokens
        "alice"  unknown user  suspend; end sessions

        Nothing is known of 1 of 2 users.
        "#);
        assert_snapshot!(to_json(&plan), @r#"
        {
          "operation": "suspend",
          "dryRun": true,
          "users": [
            {
              "subject": "alice",
              "known": true,
              "identity": "8:acs:a_b",
              "effects": [
                "suspends",
                "endsSessions",
                "revokesTokens"
              ]
            },
            {
              "subject": "\"alice\"",
              "known": false,
              "identity": null,
              "effects": [
                "suspends",
                "endsSessions"
              ]
            }
          ]
        }
        "#);
    }
}
