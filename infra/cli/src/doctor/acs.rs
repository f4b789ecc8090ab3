//! The checks of Azure Communication Services.

use std::sync::Arc;
use std::time::Duration;

use acs_broker_config::error_chain;
use identity_client::{
    ClientOptions, ConnectionString, Deadline, Endpoint, IdentityClient, ReqwestTransport,
    Timestamp,
};

use super::Tools;
use super::check::{Check, Finding, Group};
use super::facts::{Facts, reason};
use crate::clock::date_of;
use crate::text_table::duration;

const PRIMARY: &str = "ACS_CONNECTION_STRING";
const SECONDARY: &str = "ACS_SECONDARY_CONNECTION_STRING";
/// An identity that no resource has: a revocation of its tokens harms nobody.
const MADE_UP: &str =
    "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000";
const CALL_TIMEOUT: Duration = Duration::from_secs(8);
/// A signature may be older at ACS, but something is wrong with a clock.
const SKEW_WARN_SECONDS: i64 = 60;
/// ACS refuses signatures that are older or newer.
const SKEW_FAIL_SECONDS: i64 = 900;
/// Microsoft's notice; docs/is-acs-right-for-you.md has what follows from it.
const RETIREMENT: &str = "2028-09-30T00:00:00Z";
const RETIREMENT_WARN_DAYS: i64 = 365;
const ROTATE: &str =
    "Copy the key from the Azure portal (Keys) into the secret: docs/rotate-keys.md.";

/// Returns the checks of ACS.
pub(super) fn checks<'a>(facts: &'a Facts, tools: &'a Tools, write_probe: bool) -> Vec<Check<'a>> {
    let in_use = match facts.setting("ACS_KEY_IN_USE", "primary") {
        "secondary" => [SECONDARY, PRIMARY],
        _ => [PRIMARY, SECONDARY],
    };
    let [first, second] = in_use;
    let mut checks = vec![
        Check::new(Group::Acs, "acs.key", async move { key_in_use(first, facts, tools).await }),
        Check::new(Group::Acs, "acs.key2", async move { other_key(second, facts, tools).await }),
        Check::new(Group::Acs, "acs.endpoint", async move { endpoint(facts, tools).await }),
        Check::new(Group::Acs, "acs.retirement", async move { retirement((tools.clock)()) }),
    ];
    if write_probe {
        let probe = async move { probe(first, facts, tools).await };
        checks.push(Check::new(Group::Acs, "acs.write-probe", probe));
    }
    checks
}

fn connection(name: &str, facts: &Facts) -> Result<Option<ConnectionString>, String> {
    let Some(text) = facts.settings.get(name) else { return Ok(None) };
    // A local stack's emulator speaks plain http.
    let parsed = if facts.setting("ACS_ALLOW_HTTP", "false") == "true" {
        ConnectionString::parse_insecure(text)
    } else {
        text.parse()
    };
    parsed.map(Some).map_err(|error| error_chain(&error))
}

fn client(connection: ConnectionString, tools: &Tools) -> IdentityClient {
    let options = ClientOptions { max_attempts: 1, ..ClientOptions::default() };
    let transport = Arc::new(ReqwestTransport::new(tools.http.clone()));
    let ConnectionString { endpoint, access_key } = connection;
    IdentityClient::new(endpoint, access_key, transport, options)
}

async fn key_in_use(name: &'static str, facts: &Facts, tools: &Tools) -> Finding {
    let meaning = "Without it no user gets a token, and no revocation reaches ACS.";
    match connection(name, facts) {
        Ok(Some(connection)) => match signed_call(&client(connection, tools), tools).await {
            Ok(()) => Finding::ok(format!("ACS accepts the key in use ({name})")),
            Err(why) => Finding::fail(format!("{name}: {why}"), meaning, ROTATE),
        },
        Ok(None) => Finding::fail(format!("{name} is missing"), meaning, ROTATE),
        Err(rule) => Finding::fail(format!("{name}: {rule}"), meaning, ROTATE),
    }
}

/// The other key only counts when ACS refuses the first, so its faults are warnings.
async fn other_key(name: &'static str, facts: &Facts, tools: &Tools) -> Finding {
    let meaning = "When the key in use is regenerated, nothing takes over.";
    match connection(name, facts) {
        Ok(Some(connection)) => match signed_call(&client(connection, tools), tools).await {
            Ok(()) => Finding::ok(format!("ACS accepts the other key ({name})")),
            Err(why) => Finding::warn(format!("{name}: {why}"), meaning, ROTATE),
        },
        Ok(None) if facts.is_local => Finding::skip("a local stack has one key", "Nothing."),
        Ok(None) => Finding::warn(format!("{name} is missing"), meaning, ROTATE),
        Err(rule) => Finding::warn(format!("{name}: {rule}"), meaning, ROTATE),
    }
}

/// Signs a harmless call. That the identity is unknown shows that the key is accepted.
async fn signed_call(acs: &IdentityClient, tools: &Tools) -> Result<(), String> {
    let identity = MADE_UP.parse().map_err(|_| "the probe is not an identity".to_owned())?;
    let deadline = Deadline::new((tools.clock)(), CALL_TIMEOUT);
    match acs.revoke_tokens(&identity, &deadline).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_owned() || error.is_no_such_identity() => Ok(()),
        Err(error) if error.is_unauthorized() => {
            Err("ACS refuses the key: it was regenerated, or is of another resource".to_owned())
        }
        Err(error) => Err(error_chain(&error)),
    }
}

/// Reaches the resource, and compares its clock with this one.
async fn endpoint(facts: &Facts, tools: &Tools) -> Finding {
    let Ok(Some(connection)) = connection(PRIMARY, facts) else {
        return Finding::skip("the address of the resource is unknown", "See acs.key.");
    };
    let endpoint: Endpoint = connection.endpoint;
    let date = match date_of(&tools.http, &endpoint.to_string()).await {
        Ok(date) => date,
        Err(error) => {
            return Finding::fail(
                format!("{endpoint}: {}", reason(&error)),
                "Nobody here reaches ACS.",
                "Check the name in the connection string, the network and its certificates.",
            );
        }
    };
    match date {
        Some(date) => skew(&endpoint.to_string(), (tools.clock)(), date),
        None => Finding::ok(format!("{endpoint} responds, without a date")),
    }
}

/// Judges the difference between this clock and that of ACS.
pub(super) fn skew(endpoint: &str, here: Timestamp, there: Timestamp) -> Finding {
    let seconds = here.duration_since(there).as_secs().abs();
    let found =
        format!("{endpoint} responds; its clock and this one are {} apart", duration(seconds));
    let meaning = "ACS refuses a signature whose date is more than some minutes off.";
    let remedy =
        "Set this machine's clock (timedatectl set-ntp true). Lambda's own clock is right.";
    match seconds {
        SKEW_FAIL_SECONDS.. => Finding::fail(found, meaning, remedy),
        SKEW_WARN_SECONDS.. => Finding::warn(found, meaning, remedy),
        _ => Finding::ok(found),
    }
}

/// Counts the days until Microsoft retires ACS.
pub(super) fn retirement(now: Timestamp) -> Finding {
    let end = RETIREMENT.parse::<Timestamp>().unwrap_or(Timestamp::MAX);
    let days = end.duration_since(now).as_hours() / 24;
    let found = format!("Microsoft retires ACS on 2028-09-30, in {days} days");
    if days < RETIREMENT_WARN_DAYS {
        let meaning = "After that day ACS issues no tokens.";
        return Finding::warn(found, meaning, "Plan the move: docs/is-acs-right-for-you.md.");
    }
    Finding::ok(found)
}

/// Creates an identity and deletes it.
async fn probe(name: &'static str, facts: &Facts, tools: &Tools) -> Finding {
    let Ok(Some(connection)) = connection(name, facts) else {
        return Finding::skip("there is no key to sign with", "See acs.key.");
    };
    let acs = client(connection, tools);
    let deadline = Deadline::new((tools.clock)(), CALL_TIMEOUT);
    let meaning = "Users who come for the first time get no identity.";
    let remedy = "See acs.key; then look at the resource's status in the Azure portal.";
    match acs.create_user(&deadline).await {
        Err(error) => Finding::fail(error_chain(&error), meaning, remedy),
        Ok(identity) => match acs.delete_user(&identity, &deadline).await {
            Ok(()) => Finding::ok("an identity was created and deleted"),
            Err(error) => Finding::warn(
                format!("{identity} was created and not deleted: {}", error_chain(&error)),
                "The identity belongs to nobody.",
                "Delete it with the Azure SDK or the REST API.",
            ),
        },
    }
}
