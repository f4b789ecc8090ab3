//! The event of an HTTP request, payload format 2.0 of API Gateway.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
//!
//! A member of an unexpected type counts as absent, and claims of any type are read: whatever an
//! event holds, it ends in a response.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::http::claims::Claims;

/// A request that came through the gateway.
#[derive(Debug)]
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
    headers: HashMap<String, String>,
}

/// The body of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RequestBody {
    Absent,
    Bytes(Vec<u8>),
    /// The gateway says that the body is base64, and it is not.
    NotBase64,
}

impl HttpRequest {
    /// Returns a header, whose name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn read(event: &Value) -> Self {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let owned = |pointer: &str| text(pointer).map(str::to_owned);
        let headers = event.pointer("/headers").and_then(Value::as_object);
        let jwt = event.pointer("/requestContext/authorizer/jwt").and_then(Value::as_object);
        let is_base64 = event.pointer("/isBase64Encoded").and_then(Value::as_bool);
        Self {
            route: owned("/routeKey").unwrap_or_default(),
            request_id: owned("/requestContext/requestId"),
            query: owned("/rawQueryString").unwrap_or_default(),
            claims: jwt.map(Claims::read),
            body: RequestBody::read(text("/body"), is_base64.unwrap_or_default()),
            headers: headers.map(lower_case).unwrap_or_default(),
        }
    }
}

impl RequestBody {
    fn read(text: Option<&str>, is_base64: bool) -> Self {
        match text {
            None | Some("") => Self::Absent,
            Some(text) if is_base64 => STANDARD.decode(text).map_or(Self::NotBase64, Self::Bytes),
            Some(text) => Self::Bytes(text.as_bytes().to_owned()),
        }
    }
}

fn lower_case(headers: &Map<String, Value>) -> HashMap<String, String> {
    let texts = headers.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    texts.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

impl<'de> Deserialize<'de> for HttpRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|event| Self::read(&event))
    }
}
