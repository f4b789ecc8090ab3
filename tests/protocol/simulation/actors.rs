//! What users and the identity provider do.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{
    BrokerError, EpochSeconds, Grant, Initiator, MAX_CLOCK_SKEW, Operation, RecordKey, Session,
};
use identity_client::{Deadline, Lifetime, Scope, Timestamp};
use tokio::time::{Instant, sleep, timeout};

use crate::clock::{as_request, now};
use crate::decisions::{Decision, Moment};
use crate::history::Promise;
use crate::operators;
use crate::swarm::Chaos;
use crate::witness::Ask;
use crate::world::{Process, World};

pub(crate) const BUDGET: Duration = Duration::from_secs(10);

/// Lives through a number of requests of one user, some of which die halfway.
pub(crate) async fn live(world: Arc<World>, user: usize, actions: u64) {
    for _ in 0..actions {
        let random = &world.random;
        let pause = match random.below(100) {
            95.. if world.swarm.has(Chaos::Pauses) => random.millis(15_000, 150_000),
            60.. => random.millis(0, 15_000),
            _ => random.millis(0, 300),
        };
        sleep(pause).await;
        // Boxed: it is big, and would be moved several times.
        let action = Box::pin(act(&world, user));
        if world.swarm.has(Chaos::Death) && random.percent(12) {
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

/// Does what this world allows; else asks for a token.
async fn act(world: &World, user: usize) {
    let can = |chaos| world.swarm.has(chaos);
    match world.random.below(100) {
        0..10 => world.sign_in(user),
        10..20 if can(Chaos::Revocations) => revoke(world, user).await,
        20..28 if can(Chaos::Deletions) => delete(world, user).await,
        28..30 if can(Chaos::Vanishing) => vanish(world, user).await,
        30..33 if can(Chaos::Suspensions) => operators::rule(world, user, false).await,
        33..37 if can(Chaos::Suspensions) => operators::rule(world, user, true).await,
        37..40 if can(Chaos::RevokeAll) => operators::revoke_all(world).await,
        40..46 if can(Chaos::Sweeps) => sweep(world).await,
        46 if can(Chaos::Rotation) => {
            world.keys.rotate(&world.emulator, usize::from(world.random.percent(50)));
            world.history.count("key regenerated");
        }
        _ => issue(world, user).await,
    }
}

pub(crate) fn deadline() -> Deadline {
    Deadline::new(now(), BUDGET)
}

pub(crate) fn grant() -> Grant {
    Grant { scopes: vec![Scope::Chat], lifetime: Lifetime::MAX }
}

/// This moment, by the clock of a process.
pub(crate) fn moment(process: &Process) -> Moment {
    Moment { instant: Instant::now(), wall: process.clock.now() }
}

async fn issue(world: &World, user: usize) {
    let session = world.session(user);
    let (asked_at, process, grant) = (Instant::now(), world.process(), grant());
    let context = process.context(world);
    let number = world.history.witness.asked(Ask::Issue);
    let issued = as_request(number, process.broker.issue(&session, &grant, &context)).await;
    match issued {
        Ok(issued) => {
            world.history.count(issued.source.name());
            world.assert_nothing_pending(&session.user, asked_at).await;
            world.history.token_returned(&session, asked_at, issued.token);
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

/// Returns who asks, and up to which second sessions end once it is acknowledged.
fn order(world: &World, user: usize, process: &Process) -> (Initiator, EpochSeconds) {
    match world.random.below(10) {
        0..6 => {
            let sign_in = world.session(user).sign_in;
            (Initiator::User { signed_in: sign_in }, sign_in)
        }
        6..8 => (Initiator::Operator, process.clock.now().into()),
        _ => {
            let occurred_at = world.event(user);
            let latest = process.clock.now() + MAX_CLOCK_SKEW;
            (Initiator::IdentityProvider { occurred_at }, occurred_at.min(latest).into())
        }
    }
}

async fn revoke(world: &World, user: usize) {
    let (key, process) = (world.users[user].clone(), world.process());
    let (order, cutoff) = order(world, user, &process);
    let keeps = world.random.percent(25);
    let asked_at = Instant::now();
    let context = process.context(world);
    let operation = Operation::Revoke { keep_sessions: keeps };
    let number = world.history.witness.asked(Ask::Execute(operation, order));
    let execute = process.broker.execute(&key, operation, order, &context);
    if !operators::is_acknowledged(world, &as_request(number, execute).await) {
        return world.history.count("revocation failed");
    }
    world.history.count("revoked");
    // An order that was old news, or came from a session that had ended, withdrew nothing new.
    if !keeps || matches!(order, Initiator::Operator) {
        promise(world, key, (!keeps).then_some(cutoff), false, asked_at);
    }
}

async fn delete(world: &World, user: usize) {
    let (key, process) = (world.users[user].clone(), world.process());
    let (order, cutoff) = order(world, user, &process);
    let asked_at = Instant::now();
    let lifting = lifting(world, &key, order, &process);
    let context = process.context(world);
    let number = world.history.witness.asked(Ask::Execute(Operation::Delete, order));
    let execute = process.broker.execute(&key, Operation::Delete, order, &context);
    let outcome = as_request(number, execute).await;
    if matches!(outcome, Err(BrokerError::SignInAgain)) {
        return world.history.count("deletion refused");
    }
    if !operators::is_acknowledged(world, &outcome) {
        return world.history.count("deletion failed");
    }
    world.history.count("deleted");
    if let Some(number) = lifting {
        world.history.decision_acknowledged(number, moment(&process));
    }
    promise(world, key, Some(cutoff), true, asked_at);
}

/// That the identity provider has deleted a user outdates its older suspensions, to the end of the
/// second.
fn lifting(world: &World, user: &RecordKey, order: Initiator, process: &Process) -> Option<usize> {
    let Initiator::IdentityProvider { occurred_at: at } = order else { return None };
    let at = at.min(process.clock.now() + MAX_CLOCK_SKEW);
    let end = Timestamp::from_millisecond(at.as_second() * 1000 + 999).expect("an instant");
    let (user, initiator) = (user.clone(), Initiator::IdentityProvider { occurred_at: end });
    let asked = moment(process);
    let decision = Decision { user, initiator, lifts: true, asked, acknowledged: None };
    Some(world.history.decision_asked(decision))
}

/// Somebody deletes the identity at ACS behind the broker's back.
async fn vanish(world: &World, user: usize) {
    if let Some(identity) = world.bound_identity(&world.users[user]).await {
        world.history.vanished(identity.to_string());
        if world.acs().delete_user(&identity, &deadline()).await.is_ok() {
            world.history.count("identity vanished");
        }
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
    world.history.promised(Promise { user, cutoff, deletes, asked_at, acknowledged_at });
}

pub(crate) async fn sweep(world: &World) {
    let process = world.process();
    let context = process.context_of(world, BUDGET * 6);
    let number = world.history.witness.asked(Ask::Sweep);
    match as_request(number, process.broker.sweep(&context)).await {
        Ok(_) => world.history.count("swept"),
        Err(_) => world.history.count("sweep failed"),
    }
}

/// A sign-in from this moment on, as the identity provider would stamp it.
pub(crate) fn fresh(user: RecordKey) -> Session {
    Session { user, sign_in: now().into() }
}
