//! The faults of the parts, the quotas of ACS, and the counters of ACS and of the table.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind};
use crate::faults::{Effect, Faults};

/// The parts that faults befall. Their names begin the ids of their faults.
const ACS: &str = "acs";
const TABLE: &str = "table";
const PROVIDER: &str = "provider";
const GATEWAY: &str = "gateway";

/// `GET /dev/faults`: the faults in force.
pub(crate) async fn list(State(console): State<Arc<Console>>) -> Result<Json<Value>, Problem> {
    let listed = console.read_acs("faults")?;
    let of_acs = listed.get("faults").and_then(Value::as_array).cloned().unwrap_or_default();
    let parts = &console.parts;
    let faults = [
        named(ACS, of_acs),
        named(TABLE, all(&parts.route.faults.faults)),
        named(PROVIDER, all(&parts.provider.faults)),
        named(GATEWAY, all(&parts.gateway_faults)),
    ];
    Ok(Json(json!({"faults": faults.concat()})))
}

fn all<E: Effect + Serialize>(faults: &Faults<E>) -> Vec<Value> {
    faults.all().into_iter().map(|fault| json!(fault)).collect()
}

/// Returns faults with the name of their part, and ids that begin with it.
fn named(part: &str, mut faults: Vec<Value>) -> Vec<Value> {
    for members in faults.iter_mut().filter_map(Value::as_object_mut) {
        let id = members.get("id").and_then(Value::as_u64).unwrap_or_default();
        members.insert("id".to_owned(), json!(format!("{part}-{id}")));
        members.insert("part".to_owned(), json!(part));
    }
    faults
}

/// `POST /dev/faults`: adds a fault of the part that its member `part` names, else of ACS.
pub(crate) async fn add(
    State(console): State<Arc<Console>>,
    body: String,
) -> Result<StatusCode, Problem> {
    let mut fault: Map<String, Value> =
        serde_json::from_str(&body).map_err(|rule| Problem::invalid(rule.to_string()))?;
    let part = fault.remove("part").unwrap_or_else(|| json!(ACS));
    let fault = Value::Object(fault);
    let parts = &console.parts;
    match part.as_str() {
        Some(ACS) => drop(console.command_acs(Method::POST, "faults", &fault)?),
        Some(TABLE) => add_to(&parts.route.faults.faults, fault)?,
        Some(PROVIDER) => add_to(&parts.provider.faults, fault)?,
        Some(GATEWAY) => add_to(&parts.gateway_faults, fault)?,
        _ => return Err(Problem::invalid("part: acs, table, provider or gateway")),
    }
    console.note_fault("fault added", "added", Some(body));
    Ok(StatusCode::NO_CONTENT)
}

fn add_to<E: Effect + DeserializeOwned>(faults: &Faults<E>, fault: Value) -> Result<(), Problem> {
    let fault = serde_json::from_value(fault).map_err(|rule| Problem::invalid(rule.to_string()))?;
    faults.add(fault).map_err(|rule| Problem::invalid(rule.to_string()))
}

/// `DELETE /dev/faults`: removes all faults.
pub(crate) async fn clear(State(console): State<Arc<Console>>) -> Result<StatusCode, Problem> {
    console.command_acs(Method::DELETE, "faults", &Value::Null)?;
    console.clear_faults();
    console.note_fault("faults removed", "removed", None);
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /dev/faults/{id}`: removes one fault.
pub(crate) async fn remove(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("there is no fault {id}"));
    let (part, number) = id.split_once('-').ok_or_else(missing)?;
    let number: u64 = number.parse().map_err(|_| missing())?;
    let parts = &console.parts;
    let is_gone = match part {
        ACS => {
            console.command_acs(Method::DELETE, &format!("faults/{number}"), &Value::Null).is_ok()
        }
        TABLE => parts.route.faults.faults.remove(number),
        PROVIDER => parts.provider.faults.remove(number),
        GATEWAY => parts.gateway_faults.remove(number),
        _ => false,
    };
    if !is_gone {
        return Err(missing());
    }
    console.note_fault(&format!("fault {id} removed"), "removed", None);
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /dev/counters`: the calls of ACS and of the table by kind, and the quotas of ACS.
pub(crate) async fn counters(State(console): State<Arc<Console>>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({
        "acs": console.read_acs("counters")?,
        "table": console.parts.route.faults.calls(),
        "quotas": console.read_acs("quotas")?,
    })))
}

/// `PUT /dev/quotas`: enforces the quotas of ACS, or does not.
pub(crate) async fn quotas(
    State(console): State<Arc<Console>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Problem> {
    let quotas = console.command_acs(Method::PUT, "quotas", &body)?;
    let is_on = quotas.get("enforce") == Some(&json!(true));
    let (title, word) =
        if is_on { ("quotas enforced", "added") } else { ("quotas off", "removed") };
    console.note_fault(title, word, None);
    Ok(Json(quotas))
}

impl Console {
    /// Removes all faults but those of ACS.
    pub(crate) fn clear_faults(&self) {
        self.parts.route.faults.faults.clear();
        self.parts.provider.faults.clear();
        self.parts.gateway_faults.clear();
    }

    fn note_fault(&self, title: &str, outcome: &'static str, sentence: Option<String>) {
        let entry = Entry { sentence, ..Entry::new(Kind::Fault, title, outcome) };
        self.timeline.add(entry, self.now());
    }
}
