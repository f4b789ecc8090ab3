//! What schemathesis makes of the contract, through the local gateway; `make contract` is longer.

use acs_broker_harness::process::{run, workspace_binary};
use acs_broker_harness::tools;
use tokio::process::Command;

/// An app gets no response that the contract does not have, and no valid request fails.
#[tokio::test]
async fn each_response_is_documented() {
    let local = workspace_binary("acs-broker-local");
    let mut script = Command::new(tools::repository().join("tests/contract/contract"));
    script.args(["--requests", "1", "--examples", "3", "--program"]);
    script.arg(local.as_std().get_program());

    let output = run(&mut script, "").await;

    let [table, faults] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{table}{faults}");
}
