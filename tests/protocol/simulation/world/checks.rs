//! What must hold once all is quiet.

use std::collections::BTreeSet;
use std::time::Duration;

use acs_broker_core::{BrokerError, Initiator, RecordKey};
use tokio::time::sleep;

use super::World;
use crate::actors;
use crate::clock::{as_request, now};
use crate::operators;
use crate::witness::Ask;

impl World {
    pub(super) async fn check_at_rest(&self) {
        let rows = self.table.rows.rows();
        let global_cutoff = self.record(&RecordKey::AllUsers).await.sessions_valid_after;
        let mut bound = BTreeSet::new();
        for (key, record) in &rows {
            assert_eq!(
                (record.pending(), record.lease()),
                (None, None),
                "invariant 3: an operation was lost: {record:?}"
            );
            if let Some(identity) = record.bound() {
                assert!(
                    matches!(key, RecordKey::User(..)),
                    "invariant 1: an orphan was left: {record:?}"
                );
                self.history.assert_not_resurrected(key, identity.sign_in);
                let is_own = bound.insert(identity.id.to_string());
                assert!(is_own, "two users have one identity: {}", identity.id);
            }
            if let Some(cutoff) = record.sessions_valid_after.max(global_cutoff) {
                self.history.assert_dead_up_to(key, cutoff);
            }
        }
        self.check_identities(&bound);
        for user in &self.users {
            self.check_who_is_banned(user).await;
            self.check_that_a_fresh_sign_in_works(user).await;
        }
    }

    /// Every identity is bound, deleted, counted, or reported by its id.
    fn check_identities(&self, bound: &BTreeSet<String>) {
        let identities = self.emulator.identities();
        let live = identities.iter().filter(|identity| identity.deleted_at.is_none());
        let is_known = |id: &str| bound.contains(id) || self.history.is_logged(id);
        let unknown = live.filter(|identity| !is_known(&identity.id)).count() as u64;
        let rows = self.table.rows.rows();
        let counted: u64 =
            rows.iter().map(|(_, record)| u64::from(record.unconfirmed_identities)).sum();
        assert!(
            unknown <= counted,
            "invariant 1: {unknown} identities are lost, {counted} counted"
        );
        for _ in 0..unknown {
            self.history.count("identities that nobody knows");
        }
    }

    async fn check_who_is_banned(&self, user: &RecordKey) {
        let is_suspended = self.record(user).await.is_suspended();
        self.history.assert_decided(user, is_suspended);
        if is_suspended {
            let session = actors::fresh(user.clone());
            let process = self.process();
            let grant = actors::grant();
            let refused = process.broker.issue(&session, &grant, &process.context(self)).await;
            assert!(matches!(refused, Err(BrokerError::UserSuspended)), "{refused:?}");
            operators::decide(self, user, Initiator::Operator, true).await;
        }
    }

    async fn check_that_a_fresh_sign_in_works(&self, user: &RecordKey) {
        let mut issued = None;
        // Some times, a minute apart: an identity that has vanished is given up only then, and
        // fresh keys are fetched once in a minute.
        for _ in 0..3 {
            sleep(Duration::from_secs(61)).await;
            let session = actors::fresh(user.clone());
            let (process, grant) = (self.process(), actors::grant());
            let number = self.history.witness.asked(Ask::Issue);
            let context = process.context(self);
            let issue = process.broker.issue(&session, &grant, &context);
            issued = as_request(number, issue).await.ok();
            if issued.is_some() {
                break;
            }
        }
        self.history.witness.assert_sound();
        let issued = issued.expect("a fresh sign-in gets a token once all is quiet");
        let token = issued.token.token.secret();
        let is_active = self.emulator.introspect(token, now()).is_active();
        assert!(is_active, "invariant 2: a dead token was issued");
        let bound = self.bound_identity(user).await;
        assert_eq!(bound, Some(issued.token.identity), "invariant 1: a foreign identity");
    }
}
