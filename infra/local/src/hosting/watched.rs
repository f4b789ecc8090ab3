//! Clients of the table and of ACS that note a step for each attempt.

use std::pin::Pin;
use std::sync::Arc;

use acs_broker_config::{RandomnessError, Settings, token_broker};
use acs_broker_core::TokenBroker;
use acs_broker_store_dynamodb::{DynamoStore, client};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use bytes::Bytes;
use http::{Method, Request, Response};
use identity_client::{ClientOptions, IdentityClient, ReqwestTransport, Transport, TransportError};
use tokio::time::Instant;

use crate::hosting::changes::Changed;
use crate::hosting::rows::Rows;
use crate::hosting::steps::{self, Begun, Part};
use crate::hosting::table_faults::TableFaults;

/// Where the table is for those in this process: past its front while no fault is in force.
#[derive(Clone, Debug)]
pub(crate) struct TableRoute {
    /// The URL of the table's server, behind the front.
    pub(crate) direct: String,
    /// The faults, which the front applies.
    pub(crate) faults: Arc<TableFaults>,
    /// Learns of writes.
    pub(crate) rows: Rows,
}

/// Returns a client of the table that settings name.
fn table(settings: &Settings, route: TableRoute) -> Client {
    watched(&client(settings.dynamodb.clone(), settings.http.clone()), route)
}

/// Returns a client that notes its calls.
fn watched(plain: &Client, route: TableRoute) -> Client {
    Client::from_conf(plain.config().to_builder().interceptor(TableSteps(route)).build())
}

/// Returns a broker over the table and the ACS resource that settings name.
///
/// # Errors
/// The system gives no random bytes.
pub(crate) fn broker(
    settings: Settings,
    route: TableRoute,
) -> Result<TokenBroker<DynamoStore>, RandomnessError> {
    let store = DynamoStore::new(table(&settings, route), settings.table_name);
    let options =
        ClientOptions { api_version: settings.acs_api_version, ..ClientOptions::default() };
    let transport = Arc::new(AcsSteps(ReqwestTransport::new(settings.http)));
    let acs = IdentityClient::new(settings.acs.endpoint, settings.acs.keys, transport, options);
    token_broker(store, acs, settings.broker)
}

#[derive(Debug)]
struct AcsSteps(ReqwestTransport);

impl Transport for AcsSteps {
    fn send(
        &self,
        request: Request<Bytes>,
        until: Instant,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        Box::pin(async move {
            let what = acs_operation(request.method(), request.uri().path());
            let step = steps::begin(Part::Acs, what, request.body());
            let result = self.0.send(request, until).await;
            match &result {
                Ok(response) => {
                    let status = response.status();
                    step.end(status.is_success(), status.as_str(), response.body());
                }
                Err(error) => step.end(false, acs_broker_config::error_chain(error), b""),
            }
            result
        })
    }
}

/// Returns the operation of a request to ACS, in words.
fn acs_operation(method: &Method, path: &str) -> String {
    match path.rsplit('/').next() {
        Some(":issueAccessToken") => "issue token".to_owned(),
        Some(":revokeAccessTokens") => "revoke tokens".to_owned(),
        Some("identities") => "create identity".to_owned(),
        _ if *method == Method::DELETE => "delete identity".to_owned(),
        _ => format!("{method} {path}"),
    }
}

#[derive(Debug)]
struct TableSteps(TableRoute);

/// A call under way, and what it writes. A write is noted before it is sent and again after it: a
/// reader in between may have seen the row as it was before, and a call that is cut off has no end.
#[derive(Debug)]
struct Attempt(Begun, Option<Changed>);

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

impl Intercept for TableSteps {
    fn name(&self) -> &'static str {
        "steps of the table"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Self(route) = self;
        if route.faults.count_if_none(operation(context.request().headers())) {
            context.request_mut().set_uri(format!("{}/", route.direct))?;
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let operation = operation(request.headers());
        let body = request.body().bytes().unwrap_or_default();
        let changed = (operation == "PutItem").then(|| Changed::by(operation, body));
        if let Some(changed) = &changed {
            self.0.rows.changes.note(changed.clone());
        }
        let begun = steps::begin(Part::Table, operation, body);
        bag.interceptor_state().store_put(Attempt(begun, changed));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Attempt(begun, changed)) = bag.load::<Attempt>() else { return Ok(()) };
        let begun = begun.clone();
        if let Some(changed) = changed {
            self.0.rows.changes.note(changed.clone());
        }
        match context.response() {
            Some(response) => {
                let status = response.status();
                let body = response.body().bytes().unwrap_or_default();
                begun.end(status.is_success(), table_result(status.as_u16(), body), body);
            }
            None => begun.end(false, "no response", b""),
        }
        Ok(())
    }
}

/// Returns the operation that a request's headers name.
fn operation(headers: &Headers) -> &str {
    let target = headers.get("x-amz-target").unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
}

/// Returns the status, with the error's code where the body names one.
fn table_result(status: u16, body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.get("__type").and_then(serde_json::Value::as_str);
    let code = code.and_then(|code| code.rsplit('#').next());
    code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}

#[cfg(test)]
mod tests {
    use acs_broker_aws::{Access, Credentials, SharedCredentialsProvider};
    use aws_sdk_dynamodb::types::AttributeValue;
    use axum::Router;
    use axum::routing::post;
    use tokio::net::TcpListener;

    use super::*;

    mod watched_table {
        use super::*;

        /// Whoever reads the list while a write is under way reads the written row once more.
        #[tokio::test]
        async fn write_is_noted_after_it_too() {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let rows = Rows::new(dynoxide::Database::memory().unwrap(), "users");
            let changes = Arc::clone(&rows.changes);
            changes.take();
            // Stands for the table, and for a reader who comes before the row is written.
            let table = post(move || async move {
                let alice = Changed::Rows(["alice".to_owned()].into());
                assert_eq!(changes.take(), alice, "it is noted before it is sent");
                "{}"
            });
            tokio::spawn(async { axum::serve(listener, Router::new().route("/", table)).await });
            let credentials = Credentials::new("id", "secret", None, None, "test");
            let access = Access {
                region: "local".to_owned(),
                credentials: SharedCredentialsProvider::new(credentials),
                endpoint_url: Some(url.clone()),
            };
            let http = identity_client::http_client(None).unwrap();
            let route = TableRoute { direct: url, faults: Arc::default(), rows };
            let client = watched(&client(access, http), route.clone());
            let id = AttributeValue::S("alice".to_owned());
            client.put_item().table_name("users").item("id", id).send().await.unwrap();
            let alice = Changed::Rows(["alice".to_owned()].into());
            assert_eq!(route.rows.changes.take(), alice, "and after it");
        }
    }
}
