//! The faults, counters and recent authentication errors: they last as long as the process.

use std::collections::VecDeque;

use crate::control::counters::Counters;
use crate::control::faults::Faults;
use crate::service::auth::AuthenticationError;

/// The number of authentication errors that are remembered.
const MAX_AUTHENTICATION_ERRORS: usize = 100;

/// Everything that the control API alone sets or shows.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    pub(crate) faults: Faults,
    pub(crate) counters: Counters,
    authentication_errors: VecDeque<AuthenticationError>,
}

impl Controls {
    /// The latest authentication errors, oldest first.
    pub(super) fn authentication_errors(&self) -> &VecDeque<AuthenticationError> {
        &self.authentication_errors
    }

    /// Remembers an authentication error in the place of the oldest one.
    pub(crate) fn remember(&mut self, error: AuthenticationError) {
        if self.authentication_errors.len() == MAX_AUTHENTICATION_ERRORS {
            self.authentication_errors.pop_front();
        }
        self.authentication_errors.push_back(error);
    }
}
