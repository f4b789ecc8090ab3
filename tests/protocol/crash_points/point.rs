//! One point: an operation in a situation, what goes wrong, and what comes after it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use acs_broker_core::{BrokerError, Issued, Operation};
use tokio::time::sleep;

use crate::fate::{Fate, Interruption};
use crate::request::{Answer, By, Request};
use crate::situation::{Situation, kill};
use crate::world::{OTHER, TESTED, World, alice};

/// An operation in a situation, and what goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) situation: Situation,
    pub(crate) request: Request,
    /// What another process does after this call has taken effect, before its reply arrives.
    pub(crate) interruption: Option<(usize, Request)>,
    pub(crate) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) step: usize,
    pub(crate) fate: Fate,
}

/// What comes after the failure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Continuation {
    /// The sweep finishes what is left.
    Sweep,
    /// The same request comes again, to another process.
    Again,
    /// A session that signs in now asks another process for a token.
    AnotherSession,
}

impl Continuation {
    pub(crate) const ALL: [Self; 3] = [Self::Sweep, Self::Again, Self::AnotherSession];
}

/// How often a caller who is told to come back does so. A lease lasts for 12 seconds, and a report
/// that an identity is missing is believed after a minute.
const TRIES: usize = 5;

impl Point {
    /// Goes through the point in a new world, and returns the calls that the operation made.
    pub(crate) fn run(self, continuation: Continuation) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let mut steps = Vec::new();
        let outcome =
            catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.go(continuation, &mut steps))));
        outcome.unwrap_or_else(|broken| {
            println!("broken: {self:?}, then {continuation:?}; calls: {steps:?}");
            resume_unwind(broken)
        });
        steps
    }

    async fn go(self, continuation: Continuation, steps: &mut Vec<String>) {
        let world = World::new();
        self.situation.arrange(&world).await;
        let fault = self.fault.map(|Fault { step, fate }| (step, fate));
        let interruption = self.interruption.map(|(step, request)| {
            let world = Arc::clone(&world);
            let action: Interruption = Box::new(move || {
                Box::pin(async move {
                    request.ask(&world, OTHER).await;
                })
            });
            (step, action)
        });
        world.script.arm(fault, interruption);
        let (answer, calls) = kill(&world, self.request, TESTED).await;
        *steps = calls;
        match continuation {
            Continuation::Sweep => {}
            Continuation::Again if answer == Some(Answer::Done) => {}
            Continuation::Again => {
                insist(&world, self.request).await;
            }
            Continuation::AnotherSession => {
                sleep(Duration::from_secs(1)).await;
                insist(&world, Request::IssueFresh).await;
            }
        }
        world.settle().await;
        world.assert_at_rest().await;
        let issued = fresh_sign_in(&world).await;
        if self.request.is_idempotent() && answer == Some(Answer::Done) {
            let before = world.record(&alice()).await;
            self.request.ask(&world, OTHER).await;
            assert_eq!(before, world.record(&alice()).await, "invariant 5: it was done already");
        }
        assert!(world.is_active(&issued), "invariant 5: a repetition ended a later session");
    }
}

/// Repeats a request until it is done or refused.
async fn insist(world: &World, request: Request) {
    for _ in 0..TRIES {
        if request.ask(world, OTHER).await != Answer::Failed {
            return;
        }
        sleep(Duration::from_secs(20)).await;
    }
    panic!("{request:?} never succeeds");
}

/// Whatever has happened, a user who signs in anew gets a token that lives.
async fn fresh_sign_in(world: &World) -> Issued {
    sleep(Duration::from_secs(1)).await;
    let mut outcome = world.issue(TESTED, &world.fresh_session()).await;
    if matches!(outcome, Err(BrokerError::UserSuspended)) {
        Request::Execute(Operation::Unsuspend, By::Operator).ask(world, OTHER).await;
        sleep(Duration::from_secs(1)).await;
        outcome = world.issue(TESTED, &world.fresh_session()).await;
    }
    let mut tries = 0;
    while outcome.is_err() && tries < TRIES {
        sleep(Duration::from_secs(61)).await;
        outcome = world.issue(TESTED, &world.fresh_session()).await;
        tries += 1;
    }
    let issued = outcome.expect("a fresh sign-in gets a token");
    assert!(world.is_active(&issued), "invariant 2: a dead token was handed out");
    let bound = world.record(&alice()).await.bound().map(|bound| bound.id.clone());
    assert_eq!(bound, Some(issued.token.identity.clone()), "invariant 1: another identity");
    issued
}
