//! What accompanies a call of the broker: its deadline and its observer.

use std::fmt;

use identity_client::Deadline;

use crate::event::{BrokerEvent, Observer};

/// The deadline of one call, and the observer of its events.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) observer: &'a dyn Observer,
}

impl<'a> CallContext<'a> {
    /// Returns the context of a call that must end at `deadline`.
    #[must_use]
    pub const fn new(deadline: Deadline, observer: &'a dyn Observer) -> Self {
        Self { deadline, observer }
    }

    pub(crate) fn emit(&self, event: BrokerEvent) {
        self.observer.on_event(event);
    }
}

impl fmt::Debug for CallContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
