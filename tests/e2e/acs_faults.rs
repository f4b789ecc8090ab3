//! ACS fails: which response the user gets, that every operation is completed in the end, and that
//! every identity that may be lost is counted.

use std::collections::BTreeSet;

use acs_broker_harness::log::counted;
use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{Jwt, StackProcess};
use acs_broker_harness::sweeper::sweep_later;
use acs_broker_harness::table;
use serde_json::{Value, json};

/// A sign-in before everything that happens in a test.
const LONG_AGO: i64 = 1_700_000_000;

/// A fault of ACS, and the response that a user then gets.
struct Fault {
    effect: Value,
    status: u16,
    code: &'static str,
    retry_after: &'static str,
    /// How often ACS is called if a second call does no harm.
    attempts: u64,
    /// Whether ACS may have taken effect. A creation is not repeated then.
    is_ambiguous: bool,
}

#[rustfmt::skip]
fn faults() -> Vec<Fault> {
    let throttled = ("acs_throttled", 429, false);
    let down = ("acs_unavailable", 503, true);
    let misconfigured = ("acs_misconfigured", 500, false);
    [
        (json!({"status": 429, "retryAfter": 60}), throttled, "60", 1),
        (json!({"status": 429}), throttled, "5", 3),
        (json!({"status": 500}), down, "2", 3),
        (json!({"status": 500, "when": "afterEffect"}), down, "2", 3),
        (json!({"status": 500, "body": "empty"}), down, "2", 3),
        (json!({"status": 503, "body": "html"}), down, "2", 3),
        (json!({"status": 503, "body": "{}"}), down, "2", 3),
        (json!({"status": 503, "retryAfter": 30}), down, "30", 1),
        (json!({"status": 200, "body": "html"}), down, "2", 1),
        (json!({"drop": true}), down, "2", 3),
        (json!({"drop": true, "when": "afterEffect"}), down, "2", 3),
        (json!({"truncate": 10}), down, "2", 3),
        (json!({"status": 400}), misconfigured, "", 1),
        (json!({"status": 401}), misconfigured, "", 2),
        (json!({"status": 403, "body": "html"}), misconfigured, "", 1),
        (json!({"status": 404, "body": "html"}), misconfigured, "", 1),
    ]
    .into_iter()
    .map(|(effect, (code, status, is_ambiguous), retry_after, attempts)| {
        Fault { effect, status, code, retry_after, attempts, is_ambiguous }
    })
    .collect()
}

impl Fault {
    fn check(&self, response: &Response) {
        let Self { effect, status, code, retry_after, .. } = self;
        let seen = (response.status.as_u16(), response.code(), response.header("retry-after"));
        assert_eq!(seen, (*status, (*code).to_owned(), *retry_after), "{effect}: {response:?}");
        assert_eq!(response.json().get("detail"), None, "ACS's own text is for the operator");
    }
}

/// A first token that ACS fails to make comes at the next try, and each identity that may have been
/// lost is counted.
#[tokio::test]
async fn first_token_comes_at_next_try() {
    let (stack, faults) = (StackProcess::start().await, faults());
    let acs = stack.acs();
    let mut identities = BTreeSet::new();
    for fault in &faults {
        let user = stack.sign_in(&fault.effect.to_string()).await;
        let before = acs.requests("create").await;
        acs.add_fault(json!({"operation": "create", "effect": fault.effect})).await;
        // After an unknown outcome the next attempt waits for a second, whatever ACS says.
        let retry_after = if fault.is_ambiguous { "1" } else { fault.retry_after };
        Fault { retry_after, effect: fault.effect.clone(), ..*fault }
            .check(&stack.token(&user).await);
        let attempts = if fault.is_ambiguous { 1 } else { fault.attempts };
        assert_eq!(acs.requests("create").await - before, attempts, "{}", fault.effect);
        acs.clear_faults().await;
        table::end_pauses(&stack, &fault.effect.to_string()).await;

        let response = stack.token(&user).await;
        assert!(acs.is_active(&response.token()).await);
        identities.insert(response.identity());
    }

    assert_eq!(identities.len(), faults.len(), "no two users share an identity");
    let live: BTreeSet<_> = acs.live_identities().await.into_iter().collect();
    assert!(identities.is_subset(&live));
    let unconfirmed_identities = faults.iter().filter(|fault| fault.is_ambiguous).count();
    let counted = counted(&stack.server.log(), "IdentityUnconfirmed");
    assert_eq!(counted, unconfirmed_identities as u64);
    let rows = table::rows(&stack).await;
    let in_rows = rows.values().map(|record| record.unconfirmed_identities).sum::<u32>();
    assert_eq!(in_rows as usize, unconfirmed_identities);
    assert!(live.len() - identities.len() <= unconfirmed_identities);
    let report = sweep_later(&stack).await;
    assert_eq!(report["leasesExpired"], 0, "a lease was given back each time");
}

/// A renewal that ACS fails costs neither the identity nor the token in use.
#[tokio::test]
async fn failed_renewal_keeps_identity_and_token() {
    let (stack, faults) = (StackProcess::start().await, faults());
    let acs = stack.acs();
    for fault in &faults {
        let user = stack.sign_in(&fault.effect.to_string()).await;
        let first = stack.token(&user).await;
        let before = acs.requests("issue").await;
        acs.add_fault(json!({"operation": "issue", "effect": fault.effect})).await;
        fault.check(&stack.token(&user).await);
        assert_eq!(acs.requests("issue").await - before, fault.attempts, "{}", fault.effect);
        acs.clear_faults().await;

        assert_eq!(stack.token(&user).await.identity(), first.identity());
        assert!(acs.is_active(&first.token()).await);
    }
    assert_eq!(acs.identities().await.len(), faults.len());
    assert_eq!(counted(&stack.server.log(), "IdentityUnconfirmed"), 0);
}

/// A revocation that ACS fails locks the sessions out at once; a repetition or the sweep completes
/// it.
#[tokio::test]
async fn failed_revocation_locks_out_and_completes() {
    let (stack, faults) = (StackProcess::start().await, faults());
    let acs = stack.acs();
    let mut left_to_sweep = Vec::new();
    for fault in &faults {
        let (repeating, giving_up) = two_users(&stack, fault).await;
        acs.add_fault(json!({"operation": "revoke", "effect": fault.effect})).await;
        for (session, _) in [&repeating, &giving_up] {
            let before = acs.requests("revoke").await;
            fault.check(&stack.revoke(session).await);
            assert_eq!(acs.requests("revoke").await - before, fault.attempts, "{}", fault.effect);
            assert_eq!(stack.token(session).await.code(), "sign_in_again");
        }
        acs.clear_faults().await;

        let (session, token) = repeating;
        let again = stack.revoke(&session).await;
        assert_eq!((again.status.as_u16(), again.code().as_str()), (503, "acs_unavailable"));
        table::end_pauses(&stack, &name(1, fault)).await;
        assert_eq!(stack.revoke(&session).await.status, 204);
        assert!(!acs.is_active(&token).await, "{}", fault.effect);
        left_to_sweep.push(giving_up);
    }

    let report = sweep_later(&stack).await;
    assert_eq!(report["revoked"], faults.len(), "{report}");
    for (_, token) in &left_to_sweep {
        assert!(!acs.is_active(token).await);
    }
    assert_eq!(acs.live_identities().await.len(), 2 * faults.len());
}

/// A deletion that ACS fails locks the sessions out at once; a repetition or the sweep completes
/// it.
#[tokio::test]
async fn failed_deletion_locks_out_and_completes() {
    let (stack, faults) = (StackProcess::start().await, faults());
    let acs = stack.acs();
    let mut left_to_sweep = Vec::new();
    for fault in &faults {
        let (repeating, giving_up) = two_users(&stack, fault).await;
        acs.add_fault(json!({"operation": "delete", "effect": fault.effect})).await;
        for (session, _) in [&repeating, &giving_up] {
            let before = acs.requests("delete").await;
            fault.check(&stack.delete(session).await);
            assert_eq!(acs.requests("delete").await - before, fault.attempts, "{}", fault.effect);
            assert_eq!(stack.token(session).await.code(), "sign_in_again");
        }
        acs.clear_faults().await;

        let (session, token) = repeating;
        table::end_pauses(&stack, &name(1, fault)).await;
        assert_eq!(stack.delete(&session).await.status, 204);
        assert!(!acs.is_active(&token).await, "{}", fault.effect);
        left_to_sweep.push(giving_up);
    }

    let report = sweep_later(&stack).await;
    // More than that if ACS had deleted at once without a response: a later 404 confirms those.
    let deleted = report["deleted"].as_u64().unwrap();
    assert!(deleted >= faults.len() as u64 && report["rescheduled"] == 0, "{report}");
    assert_eq!(acs.live_identities().await, [""; 0]);
}

/// A failure that passes is retried, and the user does not see it.
#[tokio::test]
async fn brief_failure_is_retried_unseen() {
    let stack = StackProcess::start().await;
    let acs = stack.acs();
    for fault in faults().into_iter().filter(|fault| fault.attempts > 1) {
        let user = stack.sign_in_at(&fault.effect.to_string(), LONG_AGO).await;
        assert_eq!(stack.token(&user).await.status, 200);
        for operation in ["issue", "revoke", "delete"] {
            acs.add_fault(json!({"operation": operation, "effect": fault.effect, "times": 1}))
                .await;
        }
        assert_eq!(stack.token(&user).await.status, 200);
        assert_eq!(stack.revoke_keeping_sessions(&user).await.status, 204, "{}", fault.effect);
        assert_eq!(stack.delete(&user).await.status, 204, "{}", fault.effect);
        assert_eq!(acs.live_identities().await, [""; 0], "{}", fault.effect);
        acs.clear_faults().await;
    }
}

/// A user waits for a silent ACS ten seconds at most.
#[tokio::test]
async fn silent_acs_costs_ten_seconds_at_most() {
    let stack = StackProcess::start().await;
    let acs = stack.acs();
    let new = stack.sign_in_at("new", LONG_AGO).await;
    let [renewing, revoking, deleting] = ["renewing", "revoking", "deleting"];
    let (renewing, _) = user(&stack, renewing).await;
    let (revoking, revoked) = user(&stack, revoking).await;
    let (deleting, deleted) = user(&stack, deleting).await;

    acs.add_fault(json!({"effect": {"delayMs": 30_000}})).await;
    let began = tokio::time::Instant::now();
    let (first, renewal, revocation, deletion) = tokio::join!(
        stack.token(&new),
        stack.token(&renewing),
        stack.revoke(&revoking),
        stack.delete(&deleting),
    );
    let waited = began.elapsed().as_secs();
    assert!(waited <= 15, "{waited} s, which is more than ten and five for a busy machine");
    let down = faults().into_iter().find(|fault| fault.effect == json!({"drop": true})).unwrap();
    Fault { retry_after: "1", effect: down.effect.clone(), ..down }.check(&first);
    for response in [renewal, revocation, deletion] {
        down.check(&response);
    }
    acs.clear_faults().await;
    table::end_pauses(&stack, "new").await;

    assert_eq!(stack.token(&new).await.status, 200);
    assert_eq!(stack.token(&renewing).await.status, 200);
    let report = sweep_later(&stack).await;
    assert_eq!((&report["revoked"], &report["deleted"]), (&json!(1), &json!(1)), "{report}");
    assert!(!acs.is_active(&revoked).await && !acs.is_active(&deleted).await);
    assert_eq!(counted(&stack.server.log(), "IdentityUnconfirmed"), 1, "the new user's");
}

/// A user who has been signed in for long, with a token.
async fn user(stack: &StackProcess, name: &str) -> (Jwt, String) {
    let session = stack.sign_in_at(name, LONG_AGO).await;
    let token = stack.token(&session).await.token();
    (session, token)
}

async fn two_users(stack: &StackProcess, fault: &Fault) -> ((Jwt, String), (Jwt, String)) {
    (user(stack, &name(1, fault)).await, user(stack, &name(2, fault)).await)
}

fn name(number: u8, fault: &Fault) -> String {
    format!("{number} {}", fault.effect)
}
