//! `kill -9` at random moments under load. Afterwards the invariants hold: they are checked against
//! ACS's own list of identities and the rows of the table.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _};
use std::iter::repeat_n;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use acs_broker_core::{EpochSeconds, Record, RecordKey};
use acs_broker_harness::process::free_port;
use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{Jwt, StackProcess, now};
use acs_broker_harness::sweeper::sweep_later;
use acs_broker_harness::table;
use futures_util::future::{join, join_all};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::time::sleep;

const ROUNDS: u64 = 6;
const USERS: usize = 10;
/// How many devices of a user work at once.
const DEVICES: usize = 2;
/// The second of the first sign-in. All sign-ins are ahead of the clock, so the cutoff of a
/// revocation is the sign-in that requested it; and by less than five minutes, which is refused.
static FIRST_SIGN_IN: LazyLock<i64> = LazyLock::new(|| now() + 100);
const SIGN_INS: i64 = 195;

/// The memory of a user's apps.
#[derive(Default)]
struct Apps {
    sessions: Vec<(i64, Jwt)>,
    /// The tokens they were given, each with the sign-in of its session.
    tokens: Vec<(i64, String)>,
    /// The latest sign-in by which a revocation or a deletion was acknowledged.
    ended: Option<i64>,
    /// For each acknowledged revocation that kept the sessions: the sign-in that requested it, and
    /// the number of tokens before it.
    revoked: Vec<(i64, usize)>,
}

struct User {
    subject: String,
    apps: Mutex<Apps>,
}

/// Counts the responses down to zero, when the process is killed.
struct Countdown {
    left: AtomicU64,
    all: Notify,
}

#[derive(Clone, Copy)]
enum DeviceAction {
    SignIn,
    Renew,
    Revoke,
    RevokeKeepingSessions,
    Delete,
}

/// Whenever the process is killed, no identity, revocation or deletion is lost.
#[tokio::test]
async fn killed_process_loses_nothing() {
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
        let stack = start_with_state(folder.path(), port).await;
        load(&stack, &users, &mut random, round % 2 == 1).await;
        stack.kill().await;
    }
    let stack = start_with_state(folder.path(), port).await;
    sweep_later(&stack).await;
    verify(&stack, &users).await;
}

async fn start_with_state(folder: &Path, port: u16) -> StackProcess {
    StackProcess::run(StackProcess::command_on(port).arg("--state").arg(folder)).await
}

/// Lets all devices work until the countdown ends; other requests are in flight then. If
/// `is_swept`, sweeps work against them that take every lease for expired.
async fn load(stack: &StackProcess, users: &[User], random: &mut Random, is_swept: bool) {
    let countdown = Countdown { left: AtomicU64::new(20 + random.below(60)), all: Notify::new() };
    let pause = Duration::from_millis(random.below(30));
    let devices = users.iter().flat_map(|user| repeat_n(user, DEVICES));
    let devices = devices.map(|user| work(stack, user, &countdown, Random(random.next())));
    let sweeps = async {
        if is_swept {
            loop {
                sweep_later(stack).await;
            }
        }
    };
    tokio::select! {
        _ = join(join_all(devices), sweeps) => {}
        () = countdown.all.notified() => sleep(pause).await,
    }
}

/// Runs one device until it is dropped.
async fn work(stack: &StackProcess, user: &User, countdown: &Countdown, mut random: Random) {
    loop {
        let action = match random.below(20) {
            0 | 1 => DeviceAction::SignIn,
            2 => DeviceAction::Revoke,
            3 | 4 => DeviceAction::RevokeKeepingSessions,
            5 => DeviceAction::Delete,
            _ => DeviceAction::Renew,
        };
        let session = user.apps().any_session(&mut random);
        match (action, session) {
            (DeviceAction::SignIn, _) | (_, None) => {
                let sign_in = user.apps().next_sign_in();
                let jwt = stack.sign_in_at(&user.subject, sign_in).await;
                user.apps().sessions.push((sign_in, jwt));
            }
            (action, Some((sign_in, jwt))) => {
                act(stack, user, action, sign_in, &jwt).await;
                countdown.count();
            }
        }
    }
}

async fn act(stack: &StackProcess, user: &User, action: DeviceAction, sign_in: i64, jwt: &Jwt) {
    let tokens_before = user.apps().tokens.len();
    let response = match action {
        DeviceAction::SignIn | DeviceAction::Renew => stack.token(jwt).await,
        DeviceAction::Revoke => stack.revoke(jwt).await,
        DeviceAction::RevokeKeepingSessions => stack.revoke_keeping_sessions(jwt).await,
        DeviceAction::Delete => stack.delete(jwt).await,
    };
    let mut apps = user.apps();
    match (action, response.status.as_u16()) {
        (DeviceAction::SignIn | DeviceAction::Renew, 200) => {
            apps.tokens.push((sign_in, response.token()));
        }
        (DeviceAction::Revoke | DeviceAction::Delete, 204) => {
            apps.ended = apps.ended.max(Some(sign_in));
        }
        (DeviceAction::RevokeKeepingSessions, 204) => apps.revoked.push((sign_in, tokens_before)),
        (_, _) => assert_is_honest(&response),
    }
}

/// Asserts one of the reasons for which a request can fail while ACS and the table work. After a
/// crash the next attempt for the user waits for a moment; and the devices ask in a loop.
fn assert_is_honest(response: &Response) {
    let code = response.code();
    let is_pause = ["acs_unavailable", "too_many_requests"].contains(&code.as_str());
    assert!(!is_pause || !response.header("retry-after").is_empty(), "{response:?}");
    assert!(
        is_pause || ["sign_in_again", "identity_busy"].contains(&code.as_str()),
        "{response:?}"
    );
}

async fn verify(stack: &StackProcess, users: &[User]) {
    let rows = table::rows(stack).await;
    for (key, record) in &rows {
        assert_eq!((record.pending(), record.lease()), (None, None), "{key:?}");
    }
    let identity = |record: &Record| Some(record.bound()?.id.to_string());
    let bound: Vec<String> = rows.values().filter_map(identity).collect();
    let distinct: BTreeSet<_> = bound.iter().collect();
    assert_eq!(distinct.len(), bound.len(), "two users share an identity");
    let live = stack.acs().live_identities().await;
    for identity in &bound {
        assert!(live.contains(identity), "a bound identity is dead");
    }
    let unbound = (live.len() - bound.len()) as u64;
    let unconfirmed_identities =
        rows.values().map(|record| u64::from(record.unconfirmed_identities)).sum();
    assert!(unbound <= unconfirmed_identities, "{unbound} lost, {unconfirmed_identities} counted");

    for user in users {
        verify_user(stack, user, &rows).await;
    }
    let live = stack.acs().live_identities().await.len() as u64;
    assert_eq!(live, users.len() as u64 + unbound, "each user has one identity");
}

async fn verify_user(stack: &StackProcess, user: &User, rows: &BTreeMap<RecordKey, Record>) {
    let (acs, apps) = (stack.acs(), std::mem::take(&mut *user.apps()));
    let key = RecordKey::user(stack.gateway().parse().unwrap(), user.subject.parse().unwrap());
    let record = rows.get(&key).cloned().unwrap_or_default();
    let cutoff = record.sessions_valid_after;
    let is_out = |sign_in| cutoff.is_some_and(|cutoff| EpochSeconds(sign_in) <= cutoff);

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
    for (sign_in, tokens_before) in &apps.revoked {
        for (_, token) in apps.tokens.iter().take(*tokens_before) {
            let is_dead = is_out(*sign_in) || !acs.is_active(token).await;
            assert!(is_dead, "an acknowledged revocation is lost: {:?}", user.subject);
        }
    }
    if record.creation_pause.is_some() {
        table::end_pauses(stack, &user.subject).await;
    }
    for (sign_in, jwt) in &apps.sessions {
        let response = stack.token(jwt).await;
        let expected = if is_out(*sign_in) { 401 } else { 200 };
        assert_eq!(response.status, expected, "{:?} {response:?}", user.subject);
    }
    let fresh = stack.sign_in_at(&user.subject, *FIRST_SIGN_IN + SIGN_INS).await;
    assert!(acs.is_active(&stack.token(&fresh).await.token()).await);
}

impl Countdown {
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
        // One of the latest, or most sessions would have ended already.
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
