//! Tests of the operations on users: revoke, suspend, unsuspend and delete.

use std::future::pending;

use acs_broker_core::BrokerError;
use acs_broker_core::{EpochSeconds, IdentityState, Lease, Record, UniqueId};

use super::delete::DELETE;
use super::revoke::REVOKE;
use super::suspend::SUSPEND;
use super::unsuspend::UNSUSPEND;
use crate::exit::Exit;
use crate::outcome::{Outcome, exit_of};
use crate::progress::Progress;
use crate::testing::{self, Harness, now, subject};
use crate::users::{Effect, UsersCommand};

async fn execute(harness: &Harness, command: UsersCommand, names: &[&str]) -> Vec<Outcome> {
    let (broker, records) = (&harness.broker, &harness.records);
    let subjects = testing::subjects(names);
    let report = command.execute(&subjects, broker, records, Progress::HIDDEN, pending()).await;
    let reported: Vec<_> = report.users.iter().map(|user| user.subject.as_str()).collect();
    assert_eq!(reported, names, "every user is in the report, in order");
    report.users.into_iter().map(|user| user.outcome).collect()
}

async fn effects(harness: &Harness, command: UsersCommand, names: &[&str]) -> Vec<Vec<Effect>> {
    let subjects = testing::subjects(names);
    let plan = command.plan(&subjects, &harness.records, Progress::HIDDEN).await.unwrap();
    plan.users.into_iter().map(|user| user.effects).collect()
}

mod revoke {
    use super::*;

    /// When the command returns, ACS has revoked the tokens, and no other user's.
    #[tokio::test(start_paused = true)]
    async fn tokens_are_dead_on_return() {
        let harness = Harness::new();
        let issued = harness.users(&["alice", "bob", "carol"]).await;
        let outcomes = execute(&harness, REVOKE, &["alice", "bob"]).await;
        assert_eq!(outcomes, [Outcome::Done, Outcome::Done]);
        let alive: Vec<_> = issued.iter().map(|issued| harness.is_alive(issued)).collect();
        assert_eq!(alive, [false, false, true]);
        assert!(matches!(harness.issue("alice", -5).await, Err(BrokerError::SignInAgain)));
        assert!(harness.issue("alice", 1).await.is_ok());
    }

    /// A user whom ACS refuses does not stop the others, and every operation stays recorded.
    #[tokio::test(start_paused = true)]
    async fn refused_user_does_not_stop_others() {
        let harness = Harness::new();
        let names = ["alice", "bob", "carol", "dave", "erin"];
        let issued = harness.users(&names).await;
        for (issued, status) in issued.iter().zip([401, 429, 503, 404]) {
            harness.refuse(issued, status);
        }
        let outcomes = execute(&harness, REVOKE, &names).await;
        assert!(matches!(outcomes[0], Outcome::Failed(_)), "{outcomes:?}");
        for outcome in &outcomes[1..4] {
            assert!(matches!(outcome, Outcome::Deferred(_)), "{outcome:?}");
        }
        assert_eq!(outcomes[4], Outcome::Done);
        assert_eq!(exit_of(&outcomes), Exit::Partial);
        for name in &names[..4] {
            assert!(harness.record(name).pending().is_some(), "{name}: nothing is lost");
        }
    }

    /// The sessions of a user without a record end all the same, and the result says so.
    #[tokio::test(start_paused = true)]
    async fn unknown_user_is_a_result() {
        let harness = Harness::new();
        let issued = harness.users(&["alice"]).await.remove(0);
        let outcomes = execute(&harness, REVOKE, &["\"alice\"", "bob", "alice"]).await;
        assert_eq!(outcomes, [Outcome::Unknown, Outcome::Unknown, Outcome::Done]);
        assert_eq!(exit_of(&outcomes), Exit::Done);
        assert!(!harness.is_alive(&issued));
        assert!(matches!(harness.issue("bob", -5).await, Err(BrokerError::SignInAgain)));
    }
}

mod suspend {
    use super::*;

    /// A suspended user gets no token until an operator lifts the suspension.
    #[tokio::test(start_paused = true)]
    async fn ban_lasts_until_lifted() {
        let harness = Harness::new();
        let issued = harness.users(&["alice"]).await.remove(0);
        assert_eq!(execute(&harness, SUSPEND, &["alice"]).await, [Outcome::Done]);
        assert!(!harness.is_alive(&issued));
        assert!(matches!(harness.issue("alice", 1).await, Err(BrokerError::UserSuspended)));
        assert_eq!(execute(&harness, UNSUSPEND, &["alice"]).await, [Outcome::Done]);
        assert!(harness.issue("alice", 1).await.is_ok());
    }

    /// Lifting a suspension is done even while an operation at ACS is pending.
    #[tokio::test(start_paused = true)]
    async fn lifting_ignores_pending_operation() {
        let harness = Harness::new();
        let issued = harness.users(&["alice"]).await.remove(0);
        harness.refuse(&issued, 503);
        let outcomes = execute(&harness, SUSPEND, &["alice"]).await;
        assert!(matches!(outcomes[0], Outcome::Deferred(_)), "{outcomes:?}");
        assert_eq!(execute(&harness, UNSUSPEND, &["alice"]).await, [Outcome::Done]);
        assert!(harness.record("alice").pending().is_some());
    }
}

mod delete {
    use super::*;

    /// A deleted user has no identity.
    #[tokio::test(start_paused = true)]
    async fn identity_is_gone_on_return() {
        let harness = Harness::new();
        let issued = harness.users(&["alice"]).await.remove(0);
        assert_eq!(execute(&harness, DELETE, &["alice"]).await, [Outcome::Done]);
        assert!(!harness.is_alive(&issued));
        assert_eq!(harness.record("alice").bound(), None);
    }
}

mod dry_run {
    use super::Effect::{
        DeletesIdentity, EndsCreation, EndsSessions, FinishesDeletion, LiftsSuspension,
        NotesThatNotSuspended, RevokesTokens, Suspends,
    };
    use super::*;

    /// A dry run lists the effects on a user, a user being deleted and a suspended one.
    #[tokio::test(start_paused = true)]
    async fn lists_effects_and_changes_nothing() {
        let harness = Harness::new();
        let issued = harness.users(&["alice", "bob"]).await;
        harness.refuse(&issued[1], 503);
        execute(&harness, DELETE, &["bob"]).await;
        execute(&harness, SUSPEND, &["carol"]).await;
        let before = harness.rows();
        let end_and = |effect| vec![EndsSessions, effect];
        let ban_and = |effect| vec![Suspends, EndsSessions, effect];
        let (end, ban) = (vec![EndsSessions], vec![Suspends, EndsSessions]);
        let note = vec![NotesThatNotSuspended];
        for (command, expected) in [
            (REVOKE, [end_and(RevokesTokens), end_and(FinishesDeletion), end.clone()]),
            (SUSPEND, [ban_and(RevokesTokens), ban_and(FinishesDeletion), ban]),
            (UNSUSPEND, [note.clone(), note, vec![LiftsSuspension]]),
            (DELETE, [end_and(DeletesIdentity), end_and(FinishesDeletion), end]),
        ] {
            let effects = effects(&harness, command, &["alice", "bob", "carol"]).await;
            assert_eq!(effects, expected, "{command:?}");
        }
        let subjects = testing::subjects(&["alice", "dave"]);
        let plan = REVOKE.plan(&subjects, &harness.records, Progress::HIDDEN).await.unwrap();
        assert_eq!(plan.users.iter().map(|user| user.known).collect::<Vec<_>>(), [true, false]);
        assert_eq!(harness.rows(), before);
        assert!(harness.is_alive(&issued[0]));
    }

    /// A deletion ends a creation under way; a revocation lets it finish.
    #[tokio::test(start_paused = true)]
    async fn delete_ends_a_creation() {
        let harness = Harness::new();
        let lease = Lease {
            id: UniqueId::from_bits(1),
            expires_at: now(),
            sign_in: EpochSeconds(0),
            cancelled: false,
        };
        let record = Record { identity: IdentityState::Creating(lease), ..Record::default() };
        harness.put(&harness.records.key(&subject("alice")), &record).await;
        for (command, expected) in
            [(DELETE, vec![EndsSessions, EndsCreation]), (REVOKE, vec![EndsSessions])]
        {
            assert_eq!(effects(&harness, command, &["alice"]).await, [expected]);
        }
    }
}

mod question {
    use super::*;

    /// The operator is asked before many users, and before every deletion.
    #[test]
    fn comes_before_many_or_delete() {
        for command in [REVOKE, SUSPEND, UNSUSPEND] {
            assert_eq!((command.question)(1), None, "{command:?}");
            assert!((command.question)(2).unwrap().contains("2 users"), "{command:?}");
        }
        assert!((DELETE.question)(1).unwrap().contains("1 user,"));
    }
}
