//! What operators do, and an identity provider that has users banned.

use acs_broker_core::{Call, Ruling, WorkError};
use acs_broker_store_dynamodb::{EpochSeconds, Record, RecordKey, TableError, UserTable};
use tokio::time::Instant;

use crate::actors::{deadline, promise};
use crate::network::now;
use crate::rulings::{LEAD, Moment, Said};
use crate::world::World;

/// How often a walk over the table goes on after something broke.
const PATIENCE: usize = 1;

/// Somebody bans a user, or lets them in again.
pub(crate) async fn rule(world: &World, user: usize, lifts: bool) {
    let key = world.users[user].clone();
    let ruling = ruling(world, &key, lifts);
    say(world, &key, ruling, lifts).await;
}

pub(crate) async fn say(world: &World, user: &RecordKey, ruling: Ruling, lifts: bool) {
    let asked = moment();
    let said = Said { user: user.clone(), ruling, lifts, asked, acknowledged: None };
    let number = world.history.ruled(said);
    let (broker, call) = (world.broker(), Call::new(deadline(), &world.history));
    if lifts {
        if broker.unsuspend(user, ruling, &call).await.is_err() {
            return world.history.count("lifting failed");
        }
        world.history.count("suspension lifted");
        return world.history.ruling_acknowledged(&world.emulator, number, moment());
    }
    if broker.suspend(user, ruling, &call).await.is_err() {
        return world.history.count("suspension failed");
    }
    world.history.count("suspended");
    world.history.ruling_acknowledged(&world.emulator, number, moment());
    let watermark = match ruling {
        Ruling::Operator => asked.wall.into(),
        Ruling::Event(at) => at.into(),
    };
    promise(world, user.clone(), Some(watermark), false, asked.instant);
}

/// An operator's word; or an event's, late or by a fast clock; or one that has arrived before.
fn ruling(world: &World, user: &RecordKey, lifts: bool) -> Ruling {
    let random = &world.random;
    if random.percent(50) {
        return Ruling::Operator;
    }
    let earlier = world.history.events(user, lifts);
    if !earlier.is_empty() && random.percent(30) {
        return Ruling::Event(*random.pick(&earlier));
    }
    let is_ahead = random.percent(20);
    Ruling::Event(if is_ahead { now() + LEAD } else { now() - random.millis(0, 20_000) })
}

pub(crate) fn moment() -> Moment {
    Moment { instant: Instant::now(), wall: now() }
}

/// An operator ends everybody's sessions, or takes up what another has begun.
pub(crate) async fn revoke_everybody(world: &World) {
    let asked_at = Instant::now();
    let (broker, call) = (world.broker(), Call::new(deadline(), &world.history));
    let marked = match everybody(world).await {
        Ok(Some(mark)) if world.random.percent(50) => {
            world.history.count("walk taken up");
            Ok(mark)
        }
        _ => broker.revoke_everybody(&call).await,
    };
    let Ok(mark) = marked else {
        return world.history.count("mark failed");
    };
    world.history.everybody_ended(mark);
    if walk(world, mark).await.is_err() {
        return world.history.count("walk broke off");
    }
    world.history.count("everybody revoked");
    for user in &world.users {
        promise(world, user.clone(), Some(mark), false, asked_at);
    }
}

async fn everybody(world: &World) -> Result<Option<EpochSeconds>, TableError> {
    let stored = world.table.read(&RecordKey::Everybody, &deadline()).await?;
    Ok(stored.record.sign_in_not_before)
}

/// Gives everybody who has an identity, or is about to get one, a revocation of their own.
async fn walk(world: &World, mark: EpochSeconds) -> Result<(), WorkError> {
    let mut after = None;
    let mut patience = PATIENCE;
    loop {
        match step(world, mark, after.as_ref()).await {
            Ok(None) => return Ok(()),
            Ok(next) => after = next,
            Err(error) if patience == 0 => return Err(error),
            Err(_) => patience -= 1,
        }
    }
}

async fn step(
    world: &World,
    mark: EpochSeconds,
    after: Option<&RecordKey>,
) -> Result<Option<RecordKey>, WorkError> {
    let call = Call::new(deadline(), &world.history);
    let page = world.table.list(after, 1, &deadline()).await?;
    let holds = |record: &Record| record.binding.is_some() || record.lease.is_some();
    for (key, _) in page.records.iter().filter(|(_, record)| holds(record)) {
        world.broker().revoke_until(key, mark, &call).await?;
    }
    Ok(page.next)
}

/// An operator sees the last walk through, should there have been one.
pub(crate) async fn complete_walk(world: &World) {
    if let Some(mark) = everybody(world).await.expect("a calm table") {
        walk(world, mark).await.expect("a calm table and a calm ACS");
    }
}
