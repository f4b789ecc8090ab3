//! Whether an identity is one of this stack's ACS resource.

use std::collections::HashMap;

use acs_broker_config::error_chain;
use identity_client::{Deadline, IdentityClient, IdentityId};

use crate::user_file::resource_of;

/// The part of an id that no identity has.
const MADE_UP: &str = "00000000-0000-0000-0000-000000000000";
/// A file that names more resources than this is not one of users.
const MAX_RESOURCES: usize = 10;

/// Asks ACS, once for each resource that a file names.
#[derive(Debug)]
pub(crate) struct ResourceCheck {
    acs: IdentityClient,
    /// The resource of the identities in the table, which ACS need not confirm.
    known: Option<String>,
    asked: HashMap<String, Result<(), String>>,
}

impl ResourceCheck {
    /// Returns a check against the resource of `acs`.
    pub(crate) fn new(acs: IdentityClient, known: Option<String>) -> Self {
        Self { acs, known, asked: HashMap::new() }
    }

    /// Returns why an identity cannot be used here, if so.
    pub(crate) async fn refusal(
        &mut self,
        identity: &IdentityId,
        deadline: &Deadline,
    ) -> Option<String> {
        let resource = resource_of(identity);
        if self.known.as_deref() == Some(resource) {
            return None;
        }
        if self.asked.len() >= MAX_RESOURCES && !self.asked.contains_key(resource) {
            return Some("identity: is of another ACS resource".to_owned());
        }
        if !self.asked.contains_key(resource) {
            let answer = ask(&self.acs, resource, deadline).await;
            self.asked.insert(resource.to_owned(), answer);
        }
        self.asked.get(resource).and_then(|answer| answer.clone().err())
    }
}

/// Asks ACS to revoke the tokens of an identity that does not exist: it harms nobody, and only the
/// resource of that name knows that there is no such identity.
async fn ask(acs: &IdentityClient, resource: &str, deadline: &Deadline) -> Result<(), String> {
    let made_up = format!("8:acs:{resource}_{MADE_UP}");
    let identity = made_up.parse::<IdentityId>().map_err(|error| error.to_string())?;
    match acs.revoke_tokens(&identity, deadline).await {
        Err(error) if error.is_not_owned() => {
            Err("identity: is of another ACS resource".to_owned())
        }
        Err(error) if !error.is_no_such_identity() => {
            Err(format!("ACS does not say whose the identity is: {}", error_chain(&error)))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
