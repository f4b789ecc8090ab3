//! The control API of the ACS emulator, as the console uses it.

use std::time::Duration;

use acs_emulator::EmulatorResponse;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::Value;

use crate::console::app::Console;
use crate::console::problem::Problem;

/// How long the emulator may take for the largest import.
const TIMEOUT: Duration = Duration::from_mins(1);

impl Console {
    /// Returns what the control API says at a path.
    ///
    /// # Errors
    /// It refuses.
    pub(crate) fn read_acs(&self, path: &str) -> Result<Value, Problem> {
        self.command_acs(Method::GET, path, &Value::Null)
    }

    /// Changes what lasts as long as the process: faults and quotas.
    ///
    /// # Errors
    /// The control API refuses the body; the text names the member.
    pub(crate) fn command_acs(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Problem> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder().method(method).uri(format!("/_emulator/{path}"));
        let request = request.body(body).map_err(|_| Problem::invalid("not a path of ACS"))?;
        let EmulatorResponse { response, .. } =
            self.parts.emulator.handle(&request, self.parts.clock.wall());
        read(response.status(), response.body())
    }

    /// Changes what the emulator's state file keeps. So the request goes through its server.
    ///
    /// # Errors
    /// The emulator does not respond, or refuses.
    pub(crate) async fn change_acs(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Value, Problem> {
        let url = format!("{}/_emulator/{path}", self.parts.acs_url);
        let request = self.parts.http.request(method, url).timeout(TIMEOUT).body(body.to_string());
        let gone =
            |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the ACS emulator does not respond");
        let response = request.send().await.map_err(gone)?;
        let status = response.status();
        read(status, &response.bytes().await.map_err(gone)?)
    }
}

fn read(status: StatusCode, body: &[u8]) -> Result<Value, Problem> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    let why = body.get("error").and_then(Value::as_str);
    Err(Problem::new(status, why.unwrap_or("the ACS emulator refused the request")))
}
