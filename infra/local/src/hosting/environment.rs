//! Which functions stand behind the gateway, and the environment they are given.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use acs_broker_config::{Settings, SettingsError};
use acs_broker_lambda::{App, StartError, serve_schedule};
use jiff::Timestamp;
use url::Url;

use crate::clock::Clock;
use crate::hosting::acs::AcsAccess;
use crate::hosting::functions::{Function, Functions, InvokeError, remote};
use crate::hosting::hosted::{hosted_http, hosted_queue};
use crate::hosting::table::{CREDENTIAL, REGION, TableAccess};
use crate::hosting::watched::TableRoute;
use crate::hosting::{steps, watched};
use crate::log::Log;

const NAMES: [&str; 5] = ["issue", "revoke", "delete", "identity-events", "sweep"];

/// The setting that names the scope which makes a caller an operator.
pub(crate) const OPERATOR_SCOPE: &str = "OPERATOR_SCOPE";

/// The setting that names the claim which names the user.
pub(crate) const SUBJECT_CLAIM: &str = "SUBJECT_CLAIM";

/// What must be chosen in a deployment and stands here unless the environment has it.
const DEFAULTS: [(&str, &str); 2] = [
    ("SCOPE_POLICY", r#"{"scopes":["chat","voip"],"expiresInMinutes":1440}"#),
    ("USER_HASH_KEY", "for development, and not a secret"),
];

/// The settings of the event bus. The identity providers are those of `infra/aws/events/identity`,
/// and all of them speak of the users who sign in here.
const EVENT_SOURCES: [(&str, &str); 5] = [
    (
        "AUTH0_EVENT_SOURCE",
        "aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/auth0.logs,\
         aws.partner/auth0.com/acme-00000000-1111-4222-8333-444455556666/auth0.events",
    ),
    ("COGNITO_ACCOUNT_ID", "111122223333"),
    ("COGNITO_USER_POOL_ID", "eu-west-1_EXAMPLE"),
    ("GENERIC_EVENT_SOURCE", "com.example.accounts"),
    ("OKTA_EVENT_SOURCE", "aws.partner/okta.com/acme/prod"),
];

/// The settings that the gateway, the event bus and `acs-broker` read, too.
const SHARED: [&str; 4] =
    [OPERATOR_SCOPE, "COGNITO_IGNORED_ROLES", "OKTA_SUBJECT", "TOMBSTONE_DAYS"];

/// What this process offers the functions that run in it.
#[derive(Clone, Copy)]
pub struct ProcessEnvironment<'a> {
    /// The process's environment, for the settings that do not say where the parts are.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Tells the machine's time.
    pub clock: fn() -> Timestamp,
    /// Takes one line of JSON per request.
    pub log: &'a Log,
}

impl std::fmt::Debug for ProcessEnvironment<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ProcessEnvironment").finish_non_exhaustive()
    }
}

/// The environment of a function that uses this stack's table and ACS.
#[must_use]
pub(crate) fn settings(
    issuer: &str,
    acs: &AcsAccess,
    table: &TableAccess,
    host: ProcessEnvironment<'_>,
) -> BTreeMap<&'static str, String> {
    let chosen = DEFAULTS.into_iter().chain(EVENT_SOURCES).map(|(name, default)| {
        (name, (host.environment)(name).unwrap_or_else(|| default.to_owned()))
    });
    let places = [
        ("ACS_ALLOW_HTTP", "true"),
        ("ACS_CONNECTION_STRING", &acs.connection_string),
        ("AWS_ACCESS_KEY_ID", CREDENTIAL),
        ("AWS_ENDPOINT_URL_DYNAMODB", &table.endpoint),
        ("AWS_REGION", REGION),
        ("AWS_SECRET_ACCESS_KEY", CREDENTIAL),
        ("EVENT_ISSUER", issuer),
        ("TABLE_NAME", table.name),
    ];
    let places = places.map(|(name, value)| (name, value.to_owned()));
    let optional =
        SHARED.into_iter().filter_map(|name| (host.environment)(name).map(|value| (name, value)));
    chosen.chain(places).chain(optional).collect()
}

/// Returns what the functions read, from these settings or else from the environment, so that they
/// can be read again without it.
pub(crate) fn resolved(
    settings: &BTreeMap<&'static str, String>,
    host: ProcessEnvironment<'_>,
) -> BTreeMap<String, String> {
    let resolved = RefCell::new(BTreeMap::new());
    let lookup = |name: &str| {
        let value = settings.get(name).cloned().or_else(|| (host.environment)(name))?;
        resolved.borrow_mut().insert(name.to_owned(), value.clone());
        Some(value)
    };
    // What is wrong shows when a function reads it.
    drop(Settings::read(&lookup));
    resolved.into_inner()
}

/// Reads the settings as the functions do.
///
/// # Errors
/// The settings that the environment adds are wrong.
pub(crate) fn read(resolved: &BTreeMap<String, String>) -> Result<Settings, SettingsError> {
    Settings::read(&|name| resolved.get(name).cloned())
}

/// The functions in this process. Each has its own clients and memory, as on Lambda.
///
/// # Errors
/// The settings that the environment adds are wrong.
pub(crate) fn in_process(
    resolved: BTreeMap<String, String>,
    log: Log,
    clock: Clock,
    route: TableRoute,
) -> Result<Functions, StartError> {
    // Each function is a process of its own on Lambda, with a memory of its own.
    let app = move || -> Result<_, StartError> {
        let (log, clock) = (log.clone(), clock.clone());
        let log = move |line: &str| {
            steps::note_log(line);
            log.function_line(line);
        };
        let mut app = App::new(read(&resolved)?, move || clock.now(), log)?;
        app.broker = watched::broker(read(&resolved)?, route.clone())?;
        Ok(Arc::new(app))
    };
    Functions::made_by(move || {
        let functions: [(_, Function); 5] = [
            ("issue", hosted_http(app()?, acs_broker_function_issue::handle)),
            ("revoke", hosted_http(app()?, acs_broker_function_revoke::handle)),
            ("delete", hosted_http(app()?, acs_broker_function_delete::handle)),
            ("identity-events", hosted_queue(app()?, acs_broker_function_identity_events::handle)),
            ("sweep", sweeping(app()?)),
        ];
        Ok(functions.into())
    })
}

/// The functions that run elsewhere, behind Lambda's invoke API at `url`.
#[must_use]
pub(crate) fn elsewhere(client: &reqwest::Client, url: &Url) -> Functions {
    let base = url.as_str().trim_end_matches('/');
    Functions::new(NAMES.map(|name| (name, remote(client.clone(), base, name))))
}

/// Hosts `sweep`, which reads nothing from its event.
fn sweeping(app: Arc<App>) -> Function {
    Arc::new(move |_event, context| {
        let app = Arc::clone(&app);
        Box::pin(async move {
            let sweep = acs_broker_function_sweep::handle;
            let report = serve_schedule(app, "sweep", sweep, &context)
                .await
                .map_err(|error| InvokeError::Function(error.into()))?;
            serde_json::to_value(report).map_err(InvokeError::Response)
        })
    })
}

#[cfg(test)]
mod tests {
    use acs_emulator::ClockOffset;

    use super::*;
    use crate::gateway::routes::OPENAPI;
    use crate::hosting::rows::Rows;
    use crate::log::LogFormat;
    use crate::log::tests::collected;

    fn settings_in(environment: &dyn Fn(&str) -> Option<String>) -> BTreeMap<&'static str, String> {
        let acs = AcsAccess {
            http: "http://127.0.0.1:1".to_owned(),
            https: "https://127.0.0.1:2".to_owned(),
            ca_file: "ca.pem".into(),
            connection_string: "endpoint=http://127.0.0.1:1/;accesskey=a2V5".to_owned(),
            https_connection_string: "endpoint=https://127.0.0.1:2/;accesskey=a2V5".to_owned(),
        };
        let table = TableAccess { endpoint: "http://127.0.0.1:3".to_owned(), name: "users" };
        let (log, _) = collected(LogFormat::Json);
        let host = ProcessEnvironment { environment, clock: || Timestamp::UNIX_EPOCH, log: &log };
        let settings = settings("http://127.0.0.1:8080", &acs, &table, host);
        let clock = Clock::new(host.clock, ClockOffset::default());
        let rows = Rows::new(dynoxide::Database::memory().unwrap(), "users");
        let (direct, faults) = ("http://127.0.0.1:3".to_owned(), Arc::default());
        let route = TableRoute { direct, faults, rows };
        let resolved = resolved(&settings, host);
        assert!(in_process(resolved, log.clone(), clock, route).is_ok());
        settings
    }

    /// The functions start without any environment.
    #[test]
    fn functions_start_without_environment() {
        let settings = settings_in(&|_| None);
        assert_eq!(settings["TABLE_NAME"], "users");
        assert_eq!(settings.get("OPERATOR_SCOPE"), None);
    }

    /// The environment chooses the policy, but cannot lead to a real resource.
    #[test]
    fn environment_cannot_lead_elsewhere() {
        let policy = r#"{"scopes":["chat.join"]}"#;
        let settings = settings_in(&|name| match name {
            "SCOPE_POLICY" => Some(policy.to_owned()),
            "OPERATOR_SCOPE" => Some("support".to_owned()),
            "ACS_CONNECTION_STRING" => Some("endpoint=https://real/;accesskey=a2V5".to_owned()),
            "AWS_ENDPOINT_URL_DYNAMODB" => Some("https://dynamodb.example".to_owned()),
            _ => None,
        });
        assert_eq!(settings["SCOPE_POLICY"], policy);
        assert_eq!(settings["OPERATOR_SCOPE"], "support");
        assert!(settings["ACS_CONNECTION_STRING"].starts_with("endpoint=http://127.0.0.1:1/"));
        assert_eq!(settings["AWS_ENDPOINT_URL_DYNAMODB"], "http://127.0.0.1:3");
    }

    /// Every function that the contract names is there.
    #[test]
    fn every_named_function_is_there() {
        let named: Vec<_> =
            OPENAPI.lines().filter_map(|line| line.trim().strip_prefix("x-function: ")).collect();
        assert!(!named.is_empty());
        for name in named {
            assert!(NAMES.contains(&name), "{name}");
        }
    }
}
