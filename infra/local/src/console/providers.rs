//! The identity providers whose events the stack takes.

use acs_broker_identity_events::{Provider, Sources};
use http::StatusCode;

use crate::console::app::Console;
use crate::console::problem::Problem;

/// Returns the name of a provider for people.
pub(crate) const fn name(provider: Provider) -> &'static str {
    match provider {
        Provider::Cognito => "Cognito",
        Provider::Auth0 => "Auth0",
        Provider::Okta => "Okta",
        Provider::Generic => "generic",
    }
}

impl Console {
    /// Returns the sources whose events count.
    ///
    /// # Errors
    /// The stack listens to none.
    pub(crate) fn sources(&self) -> Result<&Sources, Problem> {
        let missing = "no source of events is configured: see EVENT_ISSUER";
        self.sources.as_ref().ok_or_else(|| Problem::new(StatusCode::CONFLICT, missing))
    }
}
