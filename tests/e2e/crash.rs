//! `kill -9` at random moments under load. Whatever was under way, afterwards the invariants hold:
//! checked against ACS's own list of identities and the rows of the table.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _};
use std::iter::repeat_n;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use acs_broker_harness::answer::Answer;
use acs_broker_harness::process::free_port;
use acs_broker_harness::stack::{Jwt, Stack, now};
use acs_broker_harness::sweeper::sweep_later;
use acs_broker_harness::table;
use acs_broker_store_dynamodb::{EpochSeconds, Record, RecordKey};
use futures_util::future::{join, join_all};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::time::sleep;

const ROUNDS: u64 = 6;
const USERS: usize = 10;
/// How many devices of a user are at work at once.
const DEVICES: usize = 2;
/// Sign-ins are numbered from here on. They lie ahead of the clock, so a revocation's watermark is
/// the sign-in that asked for it; and less than the five minutes ahead that are refused.
static FIRST_SIGN_IN: LazyLock<i64> = LazyLock::new(|| now() + 100);
const SIGN_INS: i64 = 195;

/// What a user's apps remember.
#[derive(Default)]
struct Apps {
    sessions: Vec<(i64, Jwt)>,
    /// The tokens they were given, each with the sign-in of its session.
    tokens: Vec<(i64, String)>,
    /// The latest sign-in by which a revocation or a deletion was acknowledged.
    ended: Option<i64>,
    /// For each acknowledged revocation that kept the sessions: who asked, and how many tokens
    /// there were before.
    withdrawn: Vec<(i64, usize)>,
}

struct User {
    subject: String,
    apps: Mutex<Apps>,
}

/// Counts answers down to the one after which the process is killed.
struct Answers {
    left: AtomicU64,
    all: Notify,
}

#[derive(Clone, Copy)]
enum Action {
    SignIn,
    Renew,
    Revoke,
    RevokeKeepingSessions,
    Delete,
}

#[tokio::test]
async fn whenever_the_process_is_killed_no_identity_revocation_or_deletion_is_lost() {
    let seed = RandomState::new().build_hasher().finish();
    let outcome = tokio::spawn(crash_and_recover(seed)).await;
    assert!(outcome.is_ok(), "with the seed {seed}");
}

async fn crash_and_recover(seed: u64) {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let mut random = Random(seed);
    let user = |number| User { subject: format!("user {number}"), apps: Mutex::default() };
    let users: Vec<User> = (0..USERS).map(user).collect();
    for round in 0..ROUNDS {
        let stack = kept(folder.path(), port).await;
        load(&stack, &users, &mut random, round % 2 == 1).await;
        stack.kill().await;
    }
    let stack = kept(folder.path(), port).await;
    sweep_later(&stack).await;
    verify(&stack, &users).await;
}

async fn kept(folder: &Path, port: u16) -> Stack {
    Stack::run(Stack::command_on(port).arg("--state").arg(folder)).await
}

/// All devices at work, until so many of their requests have been answered; the others are under way
/// then. If `is_swept`, sweeps work against them that take every lease for expired.
async fn load(stack: &Stack, users: &[User], random: &mut Random, is_swept: bool) {
    let answers = Answers { left: AtomicU64::new(20 + random.below(60)), all: Notify::new() };
    let pause = Duration::from_millis(random.below(30));
    let devices = users.iter().flat_map(|user| repeat_n(user, DEVICES));
    let devices = devices.map(|user| work(stack, user, &answers, Random(random.next())));
    let sweeps = async {
        if is_swept {
            loop {
                sweep_later(stack).await;
            }
        }
    };
    tokio::select! {
        _ = join(join_all(devices), sweeps) => {}
        () = answers.all.notified() => sleep(pause).await,
    }
}

/// One device, until it is dropped.
async fn work(stack: &Stack, user: &User, answers: &Answers, mut random: Random) {
    loop {
        let action = match random.below(20) {
            0 | 1 => Action::SignIn,
            2 => Action::Revoke,
            3 | 4 => Action::RevokeKeepingSessions,
            5 => Action::Delete,
            _ => Action::Renew,
        };
        let session = user.apps().any_session(&mut random);
        match (action, session) {
            (Action::SignIn, _) | (_, None) => {
                let sign_in = user.apps().next_sign_in();
                let jwt = stack.sign_in_at(&user.subject, sign_in).await;
                user.apps().sessions.push((sign_in, jwt));
            }
            (action, Some((sign_in, jwt))) => {
                act(stack, user, action, sign_in, &jwt).await;
                answers.count();
            }
        }
    }
}

async fn act(stack: &Stack, user: &User, action: Action, sign_in: i64, jwt: &Jwt) {
    let tokens_before = user.apps().tokens.len();
    let answer = match action {
        Action::SignIn | Action::Renew => stack.token(jwt).await,
        Action::Revoke => stack.revoke(jwt).await,
        Action::RevokeKeepingSessions => stack.revoke_keeping_sessions(jwt).await,
        Action::Delete => stack.delete(jwt).await,
    };
    let mut apps = user.apps();
    match (action, answer.status.as_u16()) {
        (Action::SignIn | Action::Renew, 200) => apps.tokens.push((sign_in, answer.token())),
        (Action::Revoke | Action::Delete, 204) => apps.ended = apps.ended.max(Some(sign_in)),
        (Action::RevokeKeepingSessions, 204) => apps.withdrawn.push((sign_in, tokens_before)),
        (_, _) => assert_is_honest(&answer),
    }
}

/// With ACS and the table in order, a request can fail for two reasons only.
fn assert_is_honest(answer: &Answer) {
    let code = answer.code();
    assert!(["sign_in_again", "identity_busy"].contains(&code.as_str()), "{answer:?}");
}

async fn verify(stack: &Stack, users: &[User]) {
    let rows = table::rows(stack).await;
    for (key, record) in &rows {
        assert_eq!((record.pending, record.lease), (None, None), "{key:?}");
    }
    let identity = |record: &Record| Some(record.binding.as_ref()?.identity.to_string());
    let bound: Vec<String> = rows.values().filter_map(identity).collect();
    let distinct: BTreeSet<_> = bound.iter().collect();
    assert_eq!(distinct.len(), bound.len(), "two users share an identity");
    let live = stack.acs().live_identities().await;
    for identity in &bound {
        assert!(live.contains(identity), "a bound identity is dead");
    }
    let unbound = (live.len() - bound.len()) as u64;
    let possibly_lost = rows.values().map(|record| u64::from(record.possibly_lost)).sum();
    assert!(unbound <= possibly_lost, "{unbound} lost, {possibly_lost} counted");

    for user in users {
        verify_user(stack, user, &rows).await;
    }
    let live = stack.acs().live_identities().await.len() as u64;
    assert_eq!(live, users.len() as u64 + unbound, "each user has one identity");
}

async fn verify_user(stack: &Stack, user: &User, rows: &BTreeMap<RecordKey, Record>) {
    let (acs, apps) = (stack.acs(), std::mem::take(&mut *user.apps()));
    let key = RecordKey::user(stack.gateway().parse().unwrap(), user.subject.parse().unwrap());
    let record = rows.get(&key).cloned().unwrap_or_default();
    let watermark = record.sign_in_not_before;
    let is_out = |sign_in| watermark.is_some_and(|mark| EpochSeconds(sign_in) <= mark);

    assert!(
        apps.ended.is_none_or(is_out),
        "an acknowledged revocation is lost: {:?}",
        user.subject
    );
    for (sign_in, token) in &apps.tokens {
        assert!(
            !is_out(*sign_in) || !acs.is_active(token).await,
            "a session that is out has a token"
        );
    }
    for (sign_in, tokens_before) in &apps.withdrawn {
        for (_, token) in apps.tokens.iter().take(*tokens_before) {
            let is_dead = is_out(*sign_in) || !acs.is_active(token).await;
            assert!(is_dead, "an acknowledged withdrawal is lost: {:?}", user.subject);
        }
    }
    for (sign_in, jwt) in &apps.sessions {
        let answer = stack.token(jwt).await;
        let expected = if is_out(*sign_in) { 401 } else { 200 };
        assert_eq!(answer.status, expected, "{:?} {answer:?}", user.subject);
    }
    let fresh = stack.sign_in_at(&user.subject, *FIRST_SIGN_IN + SIGN_INS).await;
    assert!(acs.is_active(&stack.token(&fresh).await.token()).await);
}

impl Answers {
    fn count(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.all.notify_one();
        }
    }
}

impl User {
    fn apps(&self) -> MutexGuard<'_, Apps> {
        self.apps.lock().unwrap()
    }
}

impl Apps {
    fn any_session(&self, random: &mut Random) -> Option<(i64, Jwt)> {
        // Of the latest ones, lest most be out.
        let recent = &self.sessions[self.sessions.len().saturating_sub(3)..];
        (!recent.is_empty()).then(|| recent[random.index(recent.len())].clone())
    }

    fn next_sign_in(&self) -> i64 {
        let number = i64::try_from(self.sessions.len()).unwrap();
        assert!(number < SIGN_INS, "more sign-ins than there are seconds for");
        *FIRST_SIGN_IN + number
    }
}

/// `SplitMix64`, by Sebastiano Vigna.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}
