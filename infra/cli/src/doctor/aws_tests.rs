//! Tests of what the checks conclude from AWS's responses.

use serde_json::{Value, json};

use super::check::State;
use super::{alarms, flow, functions, rights, rules, trail};

mod function {
    use super::*;

    fn function(name: &str, change: &Value) -> Value {
        let mut function = json!({
            "FunctionName": name, "State": "Active", "LastUpdateStatus": "Successful",
            "Runtime": "provided.al2023", "Architectures": ["arm64"],
            "LastModified": "2026-11-23T11:00:00.000+0000",
        });
        function.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        function
    }

    /// An update that failed is told apart from one that is under way, and from a mixed stack.
    #[test]
    fn failed_updates_are_named() {
        for (change, state, words) in [
            (json!({}), State::Ok, "2 functions are active, provided.al2023 on arm64"),
            (json!({"State": "Inactive"}), State::Ok, "2 functions"),
            (
                json!({"State": "Failed", "StateReason": "no image"}),
                State::Fail,
                "revoke: State is Failed. no image",
            ),
            (json!({"LastUpdateStatus": "Failed"}), State::Fail, "LastUpdateStatus is Failed"),
            (json!({"LastUpdateStatus": "InProgress"}), State::Warn, "revoke: LastUpdateStatus"),
            (json!({"Architectures": ["x86_64"]}), State::Warn, "on arm64, provided.al2023 on x86"),
        ] {
            let described = [function("issue", &json!({})), function("revoke", &change)];
            let finding = functions::judge(&described);
            assert_eq!(finding.state, state, "{change}");
            assert!(finding.found.contains(words), "{change}: {}", finding.found);
        }
    }
}

mod alarm {
    use super::*;

    /// An alarm that rings comes before one that tells nobody.
    #[test]
    fn ringing_and_silent_ones_are_named() {
        let alarm = |name: &str, state: &str, actions: &[&str]| {
            json!({"AlarmName": name, "StateValue": state, "AlarmActions": actions,
                "ActionsEnabled": true})
        };
        let (good, silent) = (alarm("a", "OK", &["topic"]), alarm("b", "OK", &[]));
        let ringing = alarm("c", "ALARM", &[]);
        let mut off = good.clone();
        off["ActionsEnabled"] = json!(false);
        for (alarms, state, words) in [
            (vec![], State::Warn, "no alarms"),
            (vec![good.clone()], State::Ok, "1 alarms"),
            (vec![good.clone(), silent.clone()], State::Warn, "tell nobody: b"),
            (vec![off], State::Warn, "tell nobody: a"),
            (vec![good, silent, ringing], State::Fail, "in ALARM: c"),
        ] {
            let finding = alarms::judge(&json!({"MetricAlarms": alarms}));
            assert_eq!(finding.state, state, "{words}");
            assert!(finding.found.contains(words), "{}", finding.found);
        }
    }
}

mod rule {
    use super::*;

    /// A disabled rule has the command that enables it.
    #[test]
    fn disabled_ones_are_named() {
        let listed = |states: &[&str]| {
            let rules =
                states.iter().map(|state| json!({"Name": format!("r-{state}"), "State": state}));
            json!({"Rules": rules.collect::<Vec<_>>()})
        };
        let all_events = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
        assert_eq!(rules::judge_rules("default", &listed(&["ENABLED", all_events])).unwrap(), 2);
        let finding = rules::judge_rules("bus", &listed(&["ENABLED", "DISABLED"])).unwrap_err();
        assert_eq!(
            (finding.state, finding.found.as_str()),
            (State::Fail, "disabled on bus: r-DISABLED")
        );
        let command = "aws events enable-rule --event-bus-name bus --name r-DISABLED";
        assert_eq!(finding.remedy.as_deref(), Some(command));
        assert_eq!(rules::judge_rules("bus", &listed(&[])).unwrap_err().state, State::Fail);
    }

    /// A partner source that nobody has accepted has the command that does.
    #[test]
    fn pending_source_is_associated_by_a_command() {
        let source = "aws.partner/okta.com/acme/prod";
        let judged = |state: &str| rules::judge_source(source, &json!({"State": state}));
        assert!(judged("ACTIVE").is_ok());
        let finding = judged("PENDING").unwrap_err();
        assert_eq!(finding.state, State::Fail);
        assert!(finding.remedy.unwrap().contains("create-event-bus --name aws.partner/okta"));
        assert_eq!(judged("DELETED").unwrap_err().state, State::Fail);
    }
}

mod trails {
    use super::*;

    /// A trail that leaves out reads or writes, or that is stopped, ends no session.
    #[test]
    fn lacks_are_told_apart() {
        let on = json!({"IsLogging": true});
        let basic = |kind: &str, management: bool| {
            json!({"EventSelectors": [
                {"ReadWriteType": kind, "IncludeManagementEvents": management}]})
        };
        let advanced =
            |fields: Value| json!({"AdvancedEventSelectors": [{"FieldSelectors": fields}]});
        let category = json!({"Field": "eventCategory", "Equals": ["Management"]});
        let writes = json!({"Field": "readOnly", "Equals": ["false"]});
        for (status, selectors, is_good) in [
            (&on, basic("All", true), true),
            (&on, basic("WriteOnly", true), false),
            (&on, basic("All", false), false),
            (&on, advanced(json!([category])), true),
            (&on, advanced(json!([category, writes])), false),
            (&on, advanced(json!([{"Field": "eventCategory", "Equals": ["Data"]}])), false),
            (&json!({"IsLogging": false}), basic("All", true), false),
        ] {
            assert_eq!(trail::lack(status, &selectors).is_none(), is_good, "{status} {selectors}");
        }
    }

    /// A trail of another region has none of this region's events, unless it is of all regions.
    #[test]
    fn other_regions_do_not_count() {
        let trail = |arn: &str, region: &str, is_of_all: bool| json!({"TrailARN": arn, "HomeRegion": region, "IsMultiRegionTrail": is_of_all});
        let all = [
            trail("a", "eu-west-1", false),
            trail("b", "us-east-1", false),
            trail("c", "us-east-1", true),
        ];
        assert_eq!(trail::trails(&json!({"trailList": all}), "eu-west-1"), ["a", "c"]);
    }
}

mod events {
    use super::*;

    /// Silence for a week is a warning; events without an operation are not.
    #[test]
    fn silence_is_told_from_skipping() {
        let now = 1_000_000;
        let silent = json!({"Datapoints": []});
        assert_eq!(flow::judge(&silent, 0.0, now).state, State::Warn);
        let skipped = flow::judge(&silent, 3.0, now);
        assert_eq!(
            (skipped.state, skipped.found.as_str()),
            (State::Ok, "3 events in 7 days; none was a revocation")
        );
        let points = json!({"Datapoints": [
            {"Timestamp": now - 8000, "Maximum": 1234.4}, {"Timestamp": now - 90_000, "Maximum": 5.0}]});
        let found = flow::judge(&points, 0.0, now).found;
        assert_eq!(found, "the last revocation 2h ago took 1234 ms from its event");
    }
}

mod right {
    use super::*;

    const SIMULATED: &str = r#"<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>
        <member><MatchedStatements/><EvalActionName>dynamodb:GetItem</EvalActionName>
          <EvalDecision>allowed</EvalDecision>
          <ResourceSpecificResults><member><EvalResourceName>x</EvalResourceName>
            <EvalResourceDecision>allowed</EvalResourceDecision></member></ResourceSpecificResults>
        </member>
        <member><EvalActionName>dynamodb:Scan</EvalActionName>
          <EvalDecision>implicitDeny</EvalDecision></member>
      </EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"#;

    /// Whoever signs in through a role has the role's rights.
    #[test]
    fn principal_is_user_or_role() {
        for (caller, expected) in [
            ("arn:aws:iam::111122223333:user/ops", Some("arn:aws:iam::111122223333:user/ops")),
            (
                "arn:aws:sts::111122223333:assumed-role/Operators/alice",
                Some("arn:aws:iam::111122223333:role/Operators"),
            ),
            ("arn:aws:iam::111122223333:root", None),
        ] {
            assert_eq!(rights::principal(caller).as_deref(), expected);
        }
    }

    /// A missing right is named with the commands that fail without it.
    #[test]
    fn decisions_are_read_from_iams_response() {
        let decisions = rights::decisions(SIMULATED).unwrap();
        let read: Vec<_> = decisions
            .iter()
            .map(|(action, decision)| (action.as_str(), decision.as_str()))
            .collect();
        assert_eq!(read, [("dynamodb:GetItem", "allowed"), ("dynamodb:Scan", "implicitDeny")]);
        assert!(rights::decisions("<x/>").is_none() && rights::decisions("no XML").is_none());
        assert_eq!(rights::judge(&[]).state, State::Ok);
        assert_eq!(rights::judge(&["dynamodb:Scan (list)".to_owned()]).state, State::Warn);
    }
}

mod without_rights {
    use super::*;
    use crate::doctor::aws_api::CallError;
    use crate::doctor::deployment::unseen;

    /// What an operator may not see is neither well nor ill, and the right has a name.
    #[test]
    fn check_is_skipped() {
        let refused = |code: &str| CallError::Refused {
            operation: "ListRules".to_owned(),
            code: code.to_owned(),
            message: "no".to_owned(),
        };
        let finding = unseen(&refused("AccessDeniedException"), "events:ListRules");
        assert_eq!(finding.state, State::Skip);
        assert_eq!(finding.found, "not checked: ListRules: AccessDeniedException: no");
        assert_eq!(finding.remedy.as_deref(), Some("Give this identity events:ListRules."));
        let finding = unseen(&refused("ThrottlingException"), "events:ListRules");
        assert!(finding.remedy.unwrap().starts_with("Run doctor again"));
    }
}
