use std::collections::HashMap;
use std::fmt;

use acs_broker_core::{Order, Session, claim_entries};
use acs_broker_store_dynamodb::{EpochSeconds, InvalidKey, Issuer, RecordKey, Subject};
use identity_client::Timestamp;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::problem::{Code, Problem};
use crate::settings::SignInClaim;

/// Who sends a request, by the claims that the gateway's authorizer has verified. Nothing else in a
/// request says who the caller is.
pub struct Caller {
    /// The caller's session.
    pub session: Session,
    /// Which claim gave the time of the sign-in.
    pub(crate) sign_in_claim: &'static str,
    /// All claims, as text; the scope policy reads them.
    pub claims: HashMap<String, String>,
    issuer: Issuer,
    is_operator: bool,
}

/// How the issuer's claims are to be read.
#[derive(Clone, Copy)]
pub(crate) struct ClaimRules<'a> {
    pub(crate) subject_claim: &'a str,
    pub(crate) sign_in_claim: SignInClaim,
    pub(crate) operator_scope: &'a str,
}

/// How far an issuer's clock may be ahead of ours, in seconds. A sign-in further off would outlive
/// every revocation until then.
const MOST_AHEAD: i64 = 300;

impl Caller {
    pub(crate) fn of(
        request: &Request,
        rules: &ClaimRules<'_>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let jwt = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.clone())
            }
            _ => None,
        };
        let jwt = jwt.ok_or_else(|| Problem::invalid_claims("claims: there are none"))?;
        let (claims, scopes) = (jwt.claims, jwt.scopes.unwrap_or_default());
        let issuer: Issuer = claim(&claims, "iss")?;
        let subject: Subject = claim(&claims, rules.subject_claim)?;
        let (sign_in_claim, sign_in) = sign_in(&claims, rules.sign_in_claim)?;
        if sign_in > EpochSeconds(now.as_second().saturating_add(MOST_AHEAD)) {
            let rule = format!("{sign_in_claim}: must not be more than {MOST_AHEAD} seconds ahead");
            return Err(Problem::invalid_claims(rule));
        }
        // Some issuers write `scope`, some `scp`; the gateway passes what it has read there as well.
        let in_claims = ["scope", "scp"].into_iter().filter_map(|name| claims.get(name));
        let is_operator = in_claims
            .flat_map(|list| claim_entries(list))
            .chain(scopes.iter().map(String::as_str))
            .any(|scope| scope == rules.operator_scope);
        let user = RecordKey::user(issuer.clone(), subject);
        let session = Session { user, sign_in };
        Ok(Self { session, sign_in_claim, claims, issuer, is_operator })
    }

    /// Who a request to withdraw or delete something is about, and on whose word: for an operator
    /// the user whom the path names, else the caller.
    ///
    /// # Errors
    /// The caller is no operator, or the path's subject can name nobody.
    pub(crate) fn target(&self, request: &Request) -> Result<(RecordKey, Order), Problem> {
        if !names_a_user(request) {
            return Ok((self.session.user.clone(), Order::Session(self.session.sign_in)));
        }
        if !self.is_operator {
            return Err(Problem::new(Code::OperatorScopeRequired));
        }
        let path = request.path_parameters_ref();
        let subject = path.and_then(|path| path.first("subject")).unwrap_or_default().parse();
        let subject = subject.map_err(|rule: InvalidKey| Problem::invalid(rule.to_string()))?;
        Ok((RecordKey::user(self.issuer.clone(), subject), Order::Operator))
    }
}

/// Whether the request's route names a user, as only an operator's do. The gateway's route decides,
/// not what the request has filled in.
pub fn names_a_user(request: &Request) -> bool {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            context.route_key.as_ref().is_some_and(|route| route.contains("{subject}"))
        }
        _ => false,
    }
}

/// Without the claims and the issuer, which say who the caller is.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("sign_in_claim", &self.sign_in_claim)
            .field("is_operator", &self.is_operator)
            .finish_non_exhaustive()
    }
}

fn claim<T>(claims: &HashMap<String, String>, name: &str) -> Result<T, Problem>
where
    T: std::str::FromStr<Err = InvalidKey>,
{
    let value = claims.get(name).map_or("", String::as_str);
    value.parse().map_err(|rule: InvalidKey| Problem::invalid_claims(rule.to_string()))
}

fn sign_in(
    claims: &HashMap<String, String>,
    which: SignInClaim,
) -> Result<(&'static str, EpochSeconds), Problem> {
    let name = match which {
        SignInClaim::AuthTimeOrIat if !claims.contains_key("auth_time") => "iat",
        SignInClaim::Iat => "iat",
        SignInClaim::AuthTimeOrIat | SignInClaim::AuthTime => "auth_time",
    };
    let value = claims.get(name).map_or("", String::as_str);
    let seconds = numeric_date(value).ok_or_else(|| {
        Problem::invalid_claims(format!("{name}: must be a time in seconds since 1970"))
    })?;
    Ok((name, seconds))
}

/// RFC 7519, section 2: seconds since 1970, which may have a fraction. The gateway passes numbers
/// as text. A fraction is cut off, which can only make a session look older.
fn numeric_date(text: &str) -> Option<EpochSeconds> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let seconds = whole.parse::<u32>().ok().filter(|_| is_number(whole) && is_number(fraction))?;
    Some(EpochSeconds(seconds.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_392_000, 0);
    const OWN: &str = "DELETE /v1/user";
    const OPERATORS: &str = "DELETE /v1/users/{subject}";

    fn request(route: &str, claims: &Value, path: &Value) -> Request {
        passing_scopes(route, claims, path, &json!(null))
    }

    fn passing_scopes(route: &str, claims: &Value, path: &Value, scopes: &Value) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": route, "rawPath": "/v1/user",
            "rawQueryString": "", "headers": {"host": "api.example"}, "isBase64Encoded": false,
            "pathParameters": path,
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "api.example", "domainPrefix": "api",
                "http": {"method": "DELETE", "path": "/v1/user", "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1", "userAgent": "t"},
                "requestId": "r", "routeKey": route, "stage": "$default",
                "time": "23/Nov/2026:00:00:00 +0000", "timeEpoch": 1_795_392_000_000_u64,
                "authorizer": {"jwt": {"claims": claims, "scopes": scopes}}
            }
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    const fn rules(sign_in_claim: SignInClaim) -> ClaimRules<'static> {
        ClaimRules { subject_claim: "sub", sign_in_claim, operator_scope: "acs.admin" }
    }

    fn caller(claims: &Value, which: SignInClaim) -> Result<Caller, Problem> {
        Caller::of(&request(OWN, claims, &json!(null)), &rules(which), NOW)
    }

    fn detail(claims: &Value, which: SignInClaim) -> String {
        let problem = caller(claims, which).unwrap_err();
        assert_eq!(problem.code, Code::InvalidClaims);
        assert_eq!(problem.cause, problem.detail, "the operator is told as well");
        problem.detail.unwrap()
    }

    #[test]
    fn the_sign_in_is_auth_time_and_a_refreshed_token_does_not_make_it_younger() {
        let both = json!({"iss": "https://i", "sub": "a", "iat": "200", "auth_time": "100"});
        for (which, name, second) in [
            (SignInClaim::AuthTimeOrIat, "auth_time", 100),
            (SignInClaim::AuthTime, "auth_time", 100),
            (SignInClaim::Iat, "iat", 200),
        ] {
            let caller = caller(&both, which).unwrap();
            assert_eq!(
                (caller.sign_in_claim, caller.session.sign_in),
                (name, EpochSeconds(second))
            );
        }
        let iat_only = json!({"iss": "https://i", "sub": "a", "iat": "200.75"});
        let caller = caller(&iat_only, SignInClaim::AuthTimeOrIat).unwrap();
        assert_eq!((caller.sign_in_claim, caller.session.sign_in), ("iat", EpochSeconds(200)));
        assert!(detail(&iat_only, SignInClaim::AuthTime).starts_with("auth_time: "));
    }

    #[test]
    fn a_sign_in_from_the_far_future_would_outlive_every_revocation_and_is_refused() {
        let at = |second: i64| {
            let claims = json!({"iss": "https://i", "sub": "a", "iat": second.to_string()});
            caller(&claims, SignInClaim::Iat)
        };
        assert!(at(NOW.as_second() + 300).is_ok());
        let problem = at(NOW.as_second() + 301).unwrap_err();
        assert_eq!(problem.detail.unwrap(), "iat: must not be more than 300 seconds ahead");
    }

    #[test]
    fn claims_that_name_nobody_or_no_time_are_refused_by_name() {
        let any = SignInClaim::AuthTimeOrIat;
        assert!(detail(&json!({"sub": "a", "iat": "1"}), any).starts_with("issuer: "));
        assert!(detail(&json!({"iss": "https://i", "iat": "1"}), any).starts_with("subject: "));
        for time in ["", "soon", "-1", "1e9", "1.", "1.x", "99999999999999999999", "+1", "1 ", ".5"]
        {
            let claims = json!({"iss": "https://i", "sub": "a", "auth_time": time, "iat": "1"});
            assert!(detail(&claims, any).starts_with("auth_time: "), "{time}");
        }
    }

    fn target(request: &Request) -> Result<(RecordKey, Order), Problem> {
        Caller::of(request, &rules(SignInClaim::Iat), NOW).unwrap().target(request)
    }

    fn assert_is_about_bob(request: &Request) {
        let (user, order) = target(request).unwrap();
        assert_eq!(user, RecordKey::user("https://i".parse().unwrap(), "bob".parse().unwrap()));
        assert!(matches!(order, Order::Operator));
    }

    #[test]
    fn only_an_operator_may_name_another_user() {
        let bob = json!({"subject": "bob"});
        let with = |claim: &str, scope: &str| {
            let claims = json!({"iss": "https://i", "sub": "a", "iat": "1", claim: scope});
            request(OPERATORS, &claims, &bob)
        };
        for scope in ["", "acs.administrator", "xacs.admin", "openid", "[acs.admins]"] {
            let code = target(&with("scope", scope)).unwrap_err().code;
            assert_eq!(code, Code::OperatorScopeRequired, "{scope}");
        }
        for claim in ["scope", "scp"] {
            for list in ["openid acs.admin", "[openid acs.admin]", "[acs.admin, openid]"] {
                assert_is_about_bob(&with(claim, list));
            }
        }
        let claims = json!({"iss": "https://i", "sub": "a", "iat": "1"});
        let scopes = json!(["openid", "acs.admin"]);
        assert_is_about_bob(&passing_scopes(OPERATORS, &claims, &bob, &scopes));
    }

    #[test]
    fn an_operator_who_names_nobody_is_not_taken_for_the_user_to_act_on() {
        let claims = json!({"iss": "https://i", "sub": "a", "iat": "1", "scope": "acs.admin"});
        for path in [json!(null), json!({}), json!({"user": "bob"}), json!({"subject": ""})] {
            let problem = target(&request(OPERATORS, &claims, &path)).unwrap_err();
            assert_eq!(problem.code, Code::InvalidRequest, "{path}");
            assert!(problem.detail.unwrap().starts_with("subject: "), "{path}");
        }
        let own = request(OWN, &claims, &json!({"subject": "bob"}));
        let (user, order) = target(&own).unwrap();
        assert_eq!(user, RecordKey::user("https://i".parse().unwrap(), "a".parse().unwrap()));
        assert!(matches!(order, Order::Session(EpochSeconds(1))), "an operator's own");
    }

    #[test]
    fn a_user_whose_sub_may_change_is_known_by_another_claim() {
        let rules = ClaimRules { subject_claim: "uid", ..rules(SignInClaim::Iat) };
        let of = |claims: &Value| Caller::of(&request(OWN, claims, &json!(null)), &rules, NOW);
        let renamed =
            json!({"iss": "https://i", "sub": "new@example.com", "uid": "00u1", "iat": "1"});
        let user = of(&renamed).unwrap().session.user;
        assert_eq!(user, RecordKey::user("https://i".parse().unwrap(), "00u1".parse().unwrap()));
        let without = json!({"iss": "https://i", "sub": "new@example.com", "iat": "1"});
        assert_eq!(of(&without).unwrap_err().code, Code::InvalidClaims, "never another user's row");
    }

    #[test]
    fn a_caller_does_not_reach_a_log_through_debug() {
        let claims = json!({"iss": "https://issuer-canary", "sub": "subject-canary", "iat": "1",
            "email": "email-canary"});
        let text = format!("{:?}", caller(&claims, SignInClaim::Iat).unwrap());
        assert!(text.starts_with("Caller") && !text.contains("canary"), "{text}");
    }
}
