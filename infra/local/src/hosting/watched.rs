//! Clients of the table and of ACS that note a step for each attempt.

use std::pin::Pin;
use std::sync::Arc;

use acs_broker_config::{RandomnessError, Settings, token_broker};
use acs_broker_core::TokenBroker;
use acs_broker_store_dynamodb::{DynamoStore, client};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use bytes::Bytes;
use http::{Method, Request, Response};
use identity_client::{ClientOptions, IdentityClient, ReqwestTransport, Transport, TransportError};
use tokio::time::Instant;

use crate::hosting::steps::{self, Begun, Part};

/// Returns a client of the table that settings name.
pub(crate) fn table(settings: &Settings) -> Client {
    let plain = client(settings.dynamodb.clone(), settings.http.clone());
    Client::from_conf(plain.config().to_builder().interceptor(TableSteps).build())
}

/// Returns a broker over the table and the ACS resource that settings name.
///
/// # Errors
/// The system gives no random bytes.
pub(crate) fn broker(settings: Settings) -> Result<TokenBroker<DynamoStore>, RandomnessError> {
    let store = DynamoStore::new(table(&settings), settings.table_name);
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
struct TableSteps;

#[derive(Debug)]
struct Attempt(Begun);

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

impl Intercept for TableSteps {
    fn name(&self) -> &'static str {
        "steps of the table"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        bag.interceptor_state().store_put(Attempt(steps::begin(Part::Table, operation, body)));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Attempt(begun)) = bag.load::<Attempt>() else { return Ok(()) };
        let begun = begun.clone();
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

/// Returns the status, with the error's code where the body names one.
fn table_result(status: u16, body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.get("__type").and_then(serde_json::Value::as_str);
    let code = code.and_then(|code| code.rsplit('#').next());
    code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}
