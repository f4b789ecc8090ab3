//! Tests of what the checks conclude.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::check::{Check, Finding, Group, State, run};
use super::work::{Left, judge};
use super::{acs, idp, token};
use crate::testing::{Harness, now, second};

mod running {
    use std::future::pending;
    use std::time::Duration;

    use super::*;

    /// One address that does not respond neither holds up the others nor goes unnoticed.
    #[tokio::test(start_paused = true)]
    async fn hanging_check_fails_after_ten_seconds() {
        let start = tokio::time::Instant::now();
        let hanging = Check::new(Group::Acs, "acs.key", pending());
        let quick = Check::new(Group::Idp, "idp.audience", async { Finding::ok("x") });
        let mut reports = Vec::new();
        run(vec![hanging, quick], |report| reports.push((report.id, report.state))).await;
        assert_eq!(reports, [("idp.audience", State::Ok), ("acs.key", State::Fail)]);
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }
}

mod clock {
    use super::*;

    /// A clock that is a minute off is a warning; a quarter of an hour is what ACS refuses.
    #[test]
    fn skew_is_judged_in_both_directions() {
        for (seconds, expected) in [
            (0, State::Ok),
            (59, State::Ok),
            (60, State::Warn),
            (899, State::Warn),
            (900, State::Fail),
        ] {
            for sign in [1, -1] {
                let finding = acs::skew("https://acs.example", now(), second(sign * seconds));
                assert_eq!(finding.state, expected, "{sign} {seconds}");
            }
        }
    }

    /// The end of ACS comes into sight a year before.
    #[test]
    fn retirement_warns_a_year_before() {
        assert_eq!(acs::retirement(now()).state, State::Ok);
        let late = "2028-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(acs::retirement(late).state, State::Warn);
    }
}

mod provider {
    use super::*;

    /// A slash at the end, the most frequent fault, is called by its name.
    #[test]
    fn slash_is_called_by_its_name() {
        for (ours, theirs, words) in [
            ("https://a", "https://a/", "the provider's has a slash at the end"),
            ("https://a/", "https://a", "the stack's has a slash at the end"),
            ("https://A", "https://a", "upper and lower case differ"),
            ("https://a", "https://b", "they differ"),
        ] {
            assert_eq!(idp::difference(ours, theirs), words);
        }
        assert_eq!(idp::audience(&[String::new()]).state, State::Fail);
    }
}

mod access_token {
    use super::*;
    use crate::doctor::facts::testing::facts;

    fn jwt(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
    }

    fn claims() -> Value {
        json!({
            "iss": "https://idp.example", "sub": "alice", "aud": ["api"],
            "exp": now().as_second() + 600, "auth_time": 1, "groups": ["agents"],
        })
    }

    fn judged(change: &Value) -> Finding {
        let mut claims = claims();
        let (claims_map, change) = (claims.as_object_mut().unwrap(), change.as_object().unwrap());
        claims_map.extend(change.clone());
        claims_map.retain(|_, value| !value.is_null());
        let facts = facts();
        token::judge(&jwt(&claims), &facts, now())
    }

    /// A good token is told apart, with what its user gets.
    #[test]
    fn good_token_says_what_it_is_worth() {
        let finding = judged(&json!({}));
        assert_eq!(finding.state, State::Ok, "{finding:?}");
        let expected = "user alice, 10m left; gets chat, voip for 480 minutes; signed in by the \
            claim auth_time, which a refresh keeps";
        assert_eq!(finding.found, expected);
    }

    /// Each way to be refused has its words.
    #[test]
    fn refusal_names_the_claim() {
        for (change, words) in [
            (json!({"token_use": "id"}), "it is an ID token: token_use is not access"),
            (json!({"at_hash": "x"}), "it is an ID token: it has the claim at_hash"),
            (json!({"iss": "https://idp.example/"}), "the provider's has a slash at the end"),
            (json!({"aud": "other"}), "aud is other, and must be api"),
            (json!({"aud": null, "client_id": "x"}), "client_id is x, and must be api"),
            (json!({"exp": now().as_second() - 60}), "it expired 1m ago"),
            (json!({"sub": null}), "the claim sub, which names the user, is missing"),
            (json!({"auth_time": null}), "the claim iat, the time of the sign-in, is missing"),
        ] {
            let finding = judged(&change);
            assert_eq!(finding.state, State::Fail, "{change}");
            assert!(finding.found.contains(words), "{change}: {}", finding.found);
        }
        let facts = facts();
        assert!(token::judge("opaque", &facts, now()).found.contains("1 parts instead of 3"));
    }

    /// A revocation that a refresh undoes is worth a warning.
    #[test]
    fn iat_alone_is_a_warning() {
        let finding = judged(&json!({"auth_time": null, "iat": 5}));
        assert_eq!(finding.state, State::Warn);
        assert!(finding.meaning.unwrap().contains("lifts a revocation"));
    }
}

mod work {
    use super::*;

    /// A sweep that does not run shows in what it has left.
    #[tokio::test(start_paused = true)]
    async fn overdue_work_fails() {
        let harness = Harness::new();
        let issued = harness.users(&["alice"]).await.remove(0);
        harness.refuse(&issued, 503);
        harness.revoke("alice", false).await;
        for (seconds, expected) in [(0, State::Ok), (300, State::Ok), (400, State::Fail)] {
            let mut left = Left::default();
            for (key, record) in harness.rows() {
                left.count(&key, &record, second(seconds).as_second());
            }
            assert_eq!(left.pending, 1);
            assert_eq!(judge(left, "acs-broker --local ").state, expected, "{seconds}");
        }
    }

    /// The remedy is a command that can be pasted.
    #[test]
    fn remedy_names_the_stack() {
        let left = Left { unconfirmed: 1, ..Left::default() };
        assert_eq!(
            judge(left, "acs-broker --local ").remedy.unwrap(),
            "acs-broker --local orphans"
        );
        let left = Left { pending: 1, oldest_seconds: 4000, ..Left::default() };
        assert_eq!(judge(left, "acs-broker ").state, State::Warn);
    }
}

mod deployed {
    use super::*;
    use crate::doctor::aws;
    use crate::doctor::check::CheckReport;
    use crate::doctor::facts::testing::facts_of;
    use crate::testing::aws::FakeAws;

    async fn checked(fake: &FakeAws) -> Vec<CheckReport> {
        let facts = facts_of(fake);
        let mut reports = Vec::new();
        run(aws::checks(&facts), |report| reports.push(report)).await;
        reports
    }

    fn state(reports: &[CheckReport], id: &str) -> State {
        reports.iter().find(|report| report.id == id).unwrap().state
    }

    /// A stack that is well has no failure, and says what nobody looked at.
    #[tokio::test]
    async fn table_and_queues_are_read() {
        let fake = FakeAws::default();
        fake.set_table_status("ACTIVE");
        let reports = checked(&fake).await;
        for id in ["aws.table", "events.queues", "events.dead-letters"] {
            assert_eq!(state(&reports, id), State::Ok, "{reports:?}");
        }
        assert_eq!(state(&reports, "aws.alarm-topic"), State::Warn);
        assert_eq!(state(&reports, "events.sources"), State::Warn);
    }

    /// Dead letters and a table that is not ready are failures; a missing right is not taken for
    /// an empty queue.
    #[tokio::test]
    async fn faults_are_told_apart() {
        let fake = FakeAws::default();
        fake.set_table_status("CREATING");
        fake.send("https://sqs/rule-dead", "{}", json!({}), json!({}));
        let reports = checked(&fake).await;
        assert_eq!(state(&reports, "aws.table"), State::Fail);
        let dead = reports.iter().find(|report| report.id == "events.dead-letters").unwrap();
        assert_eq!(dead.state, State::Fail);
        assert_eq!(dead.remedy.as_deref(), Some("acs-broker dead-letters list"));
        fake.fail("DescribeTable");
        fake.fail("GetQueueAttributes");
        let reports = checked(&fake).await;
        assert_eq!(state(&reports, "aws.table"), State::Fail);
        assert_eq!(state(&reports, "events.queues"), State::Warn);
    }
}
