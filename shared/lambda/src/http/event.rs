//! The event of an HTTP request, payload format 2.0 of API Gateway.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
//!
//! A member of an unexpected type counts as absent, and claims of any type are read: whatever an
//! event holds, it ends in a response. Of an event's members only those that are used are parsed.

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::http::claims::{Claims, Jwt};
use crate::http::member::{Member, Object, read};

/// A request that came through the gateway.
pub struct HttpRequest {
    /// The route that the gateway chose: `POST /v1/token`. It decides what is asked for, and not
    /// the path that the client wrote.
    pub route: String,
    /// The gateway's id of the request.
    pub(crate) request_id: Option<String>,
    /// The query as the client wrote it.
    pub(crate) query: String,
    /// The verified claims of the access token; `None` where no authorizer has verified one.
    pub(crate) claims: Option<Claims>,
    pub(crate) body: RequestBody,
    /// The headers as JSON; few requests need one.
    headers: Option<Box<RawValue>>,
}

/// The body of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RequestBody {
    Absent,
    Bytes(Vec<u8>),
    /// The gateway says that the body is base64, and it is not.
    NotBase64,
}

/// Without what the client wrote: its token is among the headers.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("route", &self.route)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Event<'a> {
    #[serde(borrow)]
    route_key: Member<'a>,
    #[serde(borrow)]
    raw_query_string: Member<'a>,
    #[serde(borrow)]
    headers: Member<'a>,
    #[serde(borrow)]
    request_context: Object<RequestContext<'a>>,
    #[serde(borrow)]
    body: Member<'a>,
    #[serde(borrow)]
    is_base64_encoded: Member<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext<'a> {
    #[serde(borrow)]
    request_id: Member<'a>,
    #[serde(borrow)]
    authorizer: Object<Authorizer<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authorizer<'a> {
    #[serde(borrow)]
    jwt: Object<Jwt<'a>>,
}

impl HttpRequest {
    /// Returns a header, whose name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let headers: HashMap<String, &RawValue> = read(self.headers.as_deref())?;
        let named = headers.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.and_then(|(_, value)| read(Some(value)))
    }

    fn read(event: &RawValue) -> Self {
        let Object(event): Object<Event<'_>> = read(Some(event)).unwrap_or_default();
        let event = event.unwrap_or_default();
        let context = event.request_context.0.unwrap_or_default();
        let jwt = context.authorizer.0.and_then(|authorizer| authorizer.jwt.0);
        let is_base64 = read(event.is_base64_encoded).unwrap_or_default();
        Self {
            route: read(event.route_key).unwrap_or_default(),
            request_id: read(context.request_id),
            query: read(event.raw_query_string).unwrap_or_default(),
            claims: jwt.map(|jwt| Claims::read(&jwt)),
            body: RequestBody::read(read(event.body), is_base64),
            headers: event.headers.map(RawValue::to_owned),
        }
    }
}

impl RequestBody {
    fn read(text: Option<String>, is_base64: bool) -> Self {
        match text.filter(|text| !text.is_empty()) {
            None => Self::Absent,
            Some(text) if is_base64 => STANDARD.decode(text).map_or(Self::NotBase64, Self::Bytes),
            Some(text) => Self::Bytes(text.into_bytes()),
        }
    }
}

impl<'de> Deserialize<'de> for HttpRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|event| Self::read(&event))
    }
}
