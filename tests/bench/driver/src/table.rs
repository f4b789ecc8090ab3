//! The user table: dynoxide in this process, behind the check of each request's signature.

use bytes::Bytes;
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::sigv4::{self, Credentials};

pub const NAME: &str = "acs-users";
pub const REGION: &str = "eu-west-1";
pub const ISSUER: &str = "https://idp.example.com";
pub const CREDENTIALS: Credentials = Credentials {
    key_id: "ASIABENCHBENCHBENCHB",
    secret: "bench/bench/bench/bench/bench/bench/benc",
    session_token: SESSION_TOKEN,
};
/// As long as those that Lambda gives, and signed with each request.
const SESSION_TOKEN: &str = include_str!("session_token.txt");

pub struct Table(Database);

impl Table {
    /// Makes an empty table with the keys and the index of the product's.
    pub fn new() -> Result<Self, DynoxideError> {
        let database = Database::memory()?;
        let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        let attribute =
            |name: &str, kind: &str| json!({ "AttributeName": name, "AttributeType": kind });
        let table = json!({
            "TableName": NAME,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions":
                [attribute("id", "S"), attribute("due", "S"), attribute("due_at_ms", "N")],
            "KeySchema": [key("id", "HASH")],
            "GlobalSecondaryIndexes": [{
                "IndexName": "due",
                "KeySchema": [key("due", "HASH"), key("due_at_ms", "RANGE")],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            }],
        });
        database.create_table(read(&table.to_string())?)?;
        Ok(Self(database))
    }

    /// Writes the rows of users who have an identity each, as `shared/store-dynamodb` writes them;
    /// with `due` each has a revocation to be completed by the sweep.
    pub fn add_users(
        &self,
        users: impl Iterator<Item = (String, String)>,
        due: bool,
    ) -> Result<(), DynoxideError> {
        for (number, (subject, identity)) in users.enumerate() {
            let id = format!("{number:032x}");
            let mut item = json!({
                "id": { "S": format!("user {ISSUER} {subject}") },
                "revision": { "S": id },
                "suspended": { "BOOL": false },
                "identity": { "S": identity },
                "identity_sign_in": { "N": "1767258000" },
            });
            if due {
                let at = json!({ "N": (1_767_258_000_000 + number).to_string() });
                item["pending"] = json!({ "S": "revoke" });
                item["pending_id"] = json!({ "S": id });
                item["pending_accepted_at_ms"] = at.clone();
                item["pending_retry_at_ms"] = at.clone();
                item["due"] = json!({ "S": "due" });
                item["due_at_ms"] = at;
            }
            let put = json!({ "TableName": NAME, "Item": item });
            self.0.put_item(read(&put.to_string())?)?;
        }
        Ok(())
    }

    /// Responds to one request as DynamoDB does.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let result = sigv4::check(request, &CREDENTIALS)
            .map_err(|rule| {
                let kind = "com.amazon.coral.service#InvalidSignatureException";
                (400, json!({ "__type": kind, "message": rule }).to_string())
            })
            .and_then(|()| {
                self.execute(request).map_err(|error| (error.status_code(), error.to_json()))
            });
        let (status, body) = result.map_or_else(|refused| refused, |body| (200, body));
        let response = Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amzn-requestid", "BENCHBENCHBENCHBENCHBENCHBENCHBENCHBENCHBENCHBENCHBE")
            .header("x-amz-crc32", crc32(body.as_bytes()).to_string());
        response.body(body.into()).expect("a response of constant parts")
    }

    fn execute(&self, request: &Request<Bytes>) -> Result<String, DynoxideError> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split_once('.')).map(|(_, name)| name);
        let body = std::str::from_utf8(request.body())
            .map_err(|error| DynoxideError::ValidationException(error.to_string()))?;
        match operation.unwrap_or_default() {
            "BatchGetItem" => write(&self.0.batch_get_item(read(body)?)?),
            "DeleteItem" => write(&self.0.delete_item(read(body)?)?),
            "GetItem" => write(&self.0.get_item(read(body)?)?),
            "PutItem" => write(&self.0.put_item(read(body)?)?),
            "Query" => write(&self.0.query(read(body)?)?),
            "Scan" => write(&self.0.scan(read(body)?)?),
            "UpdateItem" => write(&self.0.update_item(read(body)?)?),
            other => Err(DynoxideError::ValidationException(format!("{other:?} is not served"))),
        }
    }
}

/// Returns twice the read units of a request for rows of at most 4 KB each.
pub fn half_read_units(request: &Request<Bytes>) -> u64 {
    let Ok(body) = serde_json::from_slice::<Value>(request.body()) else { return 0 };
    let units = |read: &Value| if read["ConsistentRead"] == true { 2 } else { 1 };
    let tables = body.get("RequestItems").and_then(Value::as_object);
    let tables = tables.map(|tables| {
        tables.values().map(|read| units(read) * read["Keys"].as_array().map_or(0, Vec::len) as u64)
    });
    tables.map_or_else(|| u64::from(body.get("Key").is_some()) * units(&body), Iterator::sum)
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, DynoxideError> {
    serde_json::from_str(text)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

fn write(value: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(value).map_err(internal)
}

fn internal(error: serde_json::Error) -> DynoxideError {
    DynoxideError::InternalServerError(error.to_string())
}

/// Returns the checksum that DynamoDB sends and the SDKs compare.
fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}
