//! The faults of ACS and of the table, the quotas of ACS, and the counters of both.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::console::app::Console;
use crate::console::problem::Problem;
use crate::console::timeline::{Entry, Kind};
use crate::hosting::table_faults::TableFault;

/// The parts that faults befall. Their names begin the ids of their faults.
const ACS: &str = "acs";
const TABLE: &str = "table";

/// `GET /dev/faults`: the faults in force.
pub(crate) async fn list(State(console): State<Arc<Console>>) -> Result<Json<Value>, Problem> {
    let listed = console.read_acs("faults")?;
    let of_acs = listed.get("faults").and_then(Value::as_array).cloned().unwrap_or_default();
    let of_table = console.parts.route.faults.all().into_iter().map(|fault| json!(fault));
    let named = |part: &'static str| {
        move |mut fault: Value| {
            if let Some(members) = fault.as_object_mut() {
                let id = members.get("id").and_then(Value::as_u64).unwrap_or_default();
                members.insert("id".to_owned(), json!(format!("{part}-{id}")));
                members.insert("part".to_owned(), json!(part));
            }
            fault
        }
    };
    let faults = of_acs.into_iter().map(named(ACS)).chain(of_table.map(named(TABLE)));
    Ok(Json(json!({"faults": faults.collect::<Vec<_>>()})))
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
    match part.as_str() {
        Some(ACS) => drop(console.command_acs(Method::POST, "faults", &fault)?),
        Some(TABLE) => {
            let fault: TableFault =
                serde_json::from_value(fault).map_err(|rule| Problem::invalid(rule.to_string()))?;
            let added = console.parts.route.faults.add(fault);
            added.map_err(|rule| Problem::invalid(rule.to_string()))?;
        }
        _ => return Err(Problem::invalid("part: acs or table")),
    }
    console.note_fault("fault added", "added", Some(body));
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /dev/faults`: removes all faults.
pub(crate) async fn clear(State(console): State<Arc<Console>>) -> Result<StatusCode, Problem> {
    console.command_acs(Method::DELETE, "faults", &Value::Null)?;
    console.parts.route.faults.clear();
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
    let is_gone = match part {
        ACS => {
            console.command_acs(Method::DELETE, &format!("faults/{number}"), &Value::Null).is_ok()
        }
        TABLE => console.parts.route.faults.remove(number),
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
    fn note_fault(&self, title: &str, outcome: &'static str, sentence: Option<String>) {
        let entry = Entry { sentence, ..Entry::new(Kind::Fault, title, outcome) };
        self.timeline.add(entry, self.now());
    }
}
