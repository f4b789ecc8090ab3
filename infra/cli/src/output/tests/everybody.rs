use serde_json::json;

use super::assert_prints;
use crate::commands::everybody::{Failed, Plan, Walked};
use crate::outcome::Outcome;
use crate::output::{Exit, Report as _};
use crate::testing::now;

#[test]
fn how_far_a_revocation_of_everybody_got() {
    let failed = Failed {
        issuer: "https://idp.example".to_owned(),
        subject: "bob".to_owned(),
        why: "the credential was not accepted".to_owned(),
    };
    let walked = Walked {
        watermark: now(),
        resumed: false,
        done: 3,
        done_before: 1,
        left_to_sweep: 0,
        not_tried: 2,
        failed: vec![failed],
        outcomes: vec![Outcome::Done, Outcome::NotTried],
    };
    let text = "\
sessions ended up to  2026-11-23T12:00:00Z
tokens withdrawn      3
withdrawn before      1
left to the sweep     0
not tried             2
failed                1

Interrupted. Go on with: acs-broker revoke-everybody --resume

FAILED  WHY
bob     the credential was not accepted
";
    let document = json!({
        "watermark": "2026-11-23T12:00:00Z",
        "resumed": false,
        "done": 3,
        "doneBefore": 1,
        "leftToSweep": 0,
        "notTried": 2,
        "failed": [{
            "issuer": "https://idp.example",
            "subject": "bob",
            "why": "the credential was not accepted",
        }],
    });
    assert_prints(&walked, text, &document);
    assert_eq!(walked.exit(), Exit::Partly);
}

#[test]
fn how_long_a_revocation_of_everybody_would_take_and_what_is_faster() {
    let plan = Plan {
        dry_run: true,
        watermark: now(),
        resumed: false,
        users: 36_000,
        done_before: 0,
        seconds: 3600,
    };
    let text = "\
sessions would end up to  2026-11-23T12:00:00Z
tokens to withdraw        of 36000 users
withdrawn before          0
takes at least            1h

Faster: once the sessions have ended, regenerate both access keys of the ACS resource. \
Every token made with a key dies with it, at once.
";
    let document = json!({
        "dryRun": true,
        "watermark": "2026-11-23T12:00:00Z",
        "resumed": false,
        "users": 36_000,
        "doneBefore": 0,
        "seconds": 3600,
    });
    assert_prints(&plan, text, &document);
}
