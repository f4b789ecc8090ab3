use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{
    BrokerError, CallContext, EpochSeconds, Grant, Initiator, Operation, RecordKey, Session,
};
use identity_client::{Deadline, Lifetime, Scope, Timestamp};
use tokio::time::{Instant, sleep, timeout};

use crate::decisions::Decision;
use crate::history::Promise;
use crate::network::now;
use crate::operators::{self, moment};
use crate::world::World;

const BUDGET: Duration = Duration::from_secs(10);
const ACTIONS: u64 = 14;

/// Lives through a number of requests of one user, some of which die halfway.
pub(crate) async fn live(world: Arc<World>, user: usize) {
    for _ in 0..ACTIONS {
        let random = &world.random;
        let pause =
            if random.percent(60) { random.millis(0, 300) } else { random.millis(0, 15_000) };
        sleep(pause).await;
        let action = act(&world, user);
        if random.percent(12) {
            let dies_after = random.millis(0, 400);
            if timeout(dies_after, action).await.is_err() {
                world.history.count("died");
                world.restart();
            }
        } else {
            action.await;
        }
    }
}

async fn act(world: &World, user: usize) {
    match world.random.below(100) {
        0..12 => world.sign_in(user),
        12..63 => issue(world, user).await,
        63..74 => revoke(world, user).await,
        74..82 => delete(world, user).await,
        82..84 => vanish(world, user).await,
        84..87 => operators::rule(world, user, false).await,
        87..91 => operators::rule(world, user, true).await,
        91..94 => operators::revoke_all(world).await,
        _ => sweep(world).await,
    }
}

pub(crate) fn deadline() -> Deadline {
    Deadline::new(now(), BUDGET)
}

pub(crate) fn grant() -> Grant {
    Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX }
}

async fn issue(world: &World, user: usize) {
    let session = world.session(user);
    let asked_at = Instant::now();
    let call = CallContext::new(deadline(), &world.history);
    match world.broker().issue(&session, &grant(), &call).await {
        Ok(issued) => {
            world.history.count(issued.source.name());
            let history = &world.history;
            history.token_returned(
                &world.emulator,
                &session.user,
                session.sign_in,
                asked_at,
                issued.token,
            );
        }
        Err(BrokerError::SignInAgain) => {
            world.history.count("sign-in again");
            // The app signs in again, as it is told to; a thief can not.
            if world.random.percent(70) {
                world.sign_in(user);
            }
        }
        Err(BrokerError::UserSuspended) => {
            world.history.count("kept out");
            // They write to the support.
            if world.random.percent(50) {
                operators::decide(world, &session.user, Initiator::Operator, true).await;
            }
        }
        Err(BrokerError::Paused { .. }) => world.history.count("paused"),
        Err(error) => world.history.count(&format!("issue: {error}")),
    }
}

/// Who asks, and up to which second sessions end once it is acknowledged.
fn order(world: &World, user: usize) -> (Initiator, EpochSeconds) {
    let at_least = EpochSeconds::from(now());
    match world.random.below(10) {
        0..6 => {
            let sign_in = world.session(user).sign_in;
            (Initiator::User { signed_in: sign_in }, sign_in)
        }
        6..8 => (Initiator::Operator, at_least),
        _ => {
            let ago = world.random.millis(0, 20_000);
            let at: Timestamp = now().checked_sub(ago).expect("an instant");
            (Initiator::IdentityProvider { occurred_at: at }, at.into())
        }
    }
}

async fn revoke(world: &World, user: usize) {
    let key = world.users[user].clone();
    let (order, cutoff) = order(world, user);
    let keeps = world.random.percent(25);
    let asked_at = Instant::now();
    let call = CallContext::new(deadline(), &world.history);
    let operation = Operation::Revoke { keep_sessions: keeps };
    let outcome = world.broker().execute(&key, operation, order, &call).await;
    if !operators::is_acknowledged(&outcome) {
        return world.history.count("revocation failed");
    }
    world.history.count("revoked");
    // An order that was old news, or came from a session that had ended, withdrew nothing new.
    if !keeps || matches!(order, Initiator::Operator) {
        promise(world, key, (!keeps).then_some(cutoff), false, asked_at);
    }
}

async fn delete(world: &World, user: usize) {
    let key = world.users[user].clone();
    let (order, cutoff) = order(world, user);
    let asked_at = Instant::now();
    let lifting = lifting(world, &key, order);
    let call = CallContext::new(deadline(), &world.history);
    let outcome = world.broker().execute(&key, Operation::Delete, order, &call).await;
    if matches!(outcome, Err(BrokerError::SignInAgain)) {
        return world.history.count("deletion refused");
    }
    if !operators::is_acknowledged(&outcome) {
        return world.history.count("deletion failed");
    }
    world.history.count("deleted");
    if let Some(number) = lifting {
        world.history.decision_acknowledged(&world.emulator, number, moment());
    }
    promise(world, key, Some(cutoff), true, asked_at);
}

/// That the identity provider has deleted a user outdates its older bans, to the end of the second.
fn lifting(world: &World, user: &RecordKey, order: Initiator) -> Option<usize> {
    let Initiator::IdentityProvider { occurred_at: at } = order else { return None };
    let end = Timestamp::from_millisecond(at.as_second() * 1000 + 999).expect("an instant");
    let (user, initiator) = (user.clone(), Initiator::IdentityProvider { occurred_at: end });
    let decision = Decision { user, initiator, lifts: true, asked: moment(), acknowledged: None };
    Some(world.history.decision_asked(decision))
}

/// Somebody deletes the identity at ACS behind the broker's back.
async fn vanish(world: &World, user: usize) {
    let deadline = deadline();
    if let Some(identity) = world.bound_identity(&world.users[user]).await
        && world.acs().delete_user(&identity, &deadline).await.is_ok()
    {
        world.history.count("identity vanished");
    }
}

pub(crate) fn promise(
    world: &World,
    user: RecordKey,
    cutoff: Option<EpochSeconds>,
    deletes: bool,
    asked_at: Instant,
) {
    let acknowledged_at = Instant::now();
    let promise = Promise { user, cutoff, deletes, asked_at, acknowledged_at };
    world.history.promised(&world.emulator, promise);
}

pub(crate) async fn sweep(world: &World) {
    let call = CallContext::new(Deadline::new(now(), BUDGET * 6), &world.history);
    match world.broker().sweep(&call).await {
        Ok(_) => world.history.count("swept"),
        Err(_) => world.history.count("sweep failed"),
    }
}

/// A sign-in from this moment on, as the identity provider would stamp it.
pub(crate) fn fresh(user: RecordKey) -> Session {
    Session { user, sign_in: now().into() }
}
