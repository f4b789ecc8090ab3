use std::collections::HashMap;

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use token_broker::{Order, Session};
use user_table::{EpochSeconds, InvalidKey, Issuer, RecordKey, Subject};

use crate::problem::{Code, Problem};
use crate::settings::SignInClaim;

/// Who sends a request, by the claims that the gateway's authorizer has verified. Nothing else in a
/// request says who the caller is.
#[derive(Debug)]
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

impl Caller {
    pub(crate) fn of(
        request: &Request,
        sign_in_claim: SignInClaim,
        operator_scope: &str,
    ) -> Result<Self, Problem> {
        let jwt = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.clone())
            }
            _ => None,
        };
        let jwt = jwt.ok_or_else(|| refused("claims: there are none"))?;
        let claims = jwt.claims;
        let issuer: Issuer = claim(&claims, "iss")?;
        let subject: Subject = claim(&claims, "sub")?;
        let (sign_in_claim, sign_in) = sign_in(&claims, sign_in_claim)?;
        // As the gateway's authorizer does: some issuers write `scope`, some `scp`.
        let is_operator = ["scope", "scp"]
            .iter()
            .filter_map(|name| claims.get(*name))
            .any(|scopes| scopes.split(' ').any(|scope| scope == operator_scope));
        let user = RecordKey::user(issuer.clone(), subject);
        let session = Session { user, sign_in };
        Ok(Self { session, sign_in_claim, claims, issuer, is_operator })
    }

    /// Who a request to withdraw or delete something is about, and on whose word: the user of the
    /// path where there is one, for an operator; else the caller.
    ///
    /// # Errors
    /// The caller is no operator, or the path's subject can name nobody.
    pub fn target(&self, request: &Request) -> Result<(RecordKey, Order), Problem> {
        let Some(path) = request.path_parameters_ref().filter(|path| !path.is_empty()) else {
            return Ok((self.session.user.clone(), Order::Session(self.session.sign_in)));
        };
        if !self.is_operator {
            return Err(Problem::new(Code::OperatorScopeRequired));
        }
        let subject = path.first("subject").unwrap_or_default().parse();
        let subject = subject.map_err(|rule: InvalidKey| Problem::invalid(rule.to_string()))?;
        Ok((RecordKey::user(self.issuer.clone(), subject), Order::Operator))
    }
}

fn claim<T>(claims: &HashMap<String, String>, name: &str) -> Result<T, Problem>
where
    T: std::str::FromStr<Err = InvalidKey>,
{
    let value = claims.get(name).map_or("", String::as_str);
    value.parse().map_err(|rule: InvalidKey| refused(rule.to_string()))
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
    let seconds = numeric_date(value)
        .ok_or_else(|| refused(format!("{name}: must be a time in seconds since 1970")))?;
    Ok((name, seconds))
}

/// RFC 7519, section 2: seconds since 1970, which may have a fraction. The gateway passes numbers
/// as text. A fraction is cut off, which can only make a session look older.
fn numeric_date(text: &str) -> Option<EpochSeconds> {
    let whole = text.split_once('.').map_or(Some(text), |(whole, fraction)| {
        let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
        is_fraction.then_some(whole)
    })?;
    whole.parse::<u32>().ok().map(|seconds| EpochSeconds(seconds.into()))
}

fn refused(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidClaims).detailed(detail)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(claims: &Value, path: &Value) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": "DELETE /v1/user", "rawPath": "/v1/user",
            "rawQueryString": "", "headers": {"host": "api.example"}, "isBase64Encoded": false,
            "pathParameters": path,
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "api.example", "domainPrefix": "api",
                "http": {"method": "DELETE", "path": "/v1/user", "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1", "userAgent": "t"},
                "requestId": "r", "routeKey": "DELETE /v1/user", "stage": "$default",
                "time": "23/Nov/2026:00:00:00 +0000", "timeEpoch": 1_795_392_000_000_u64,
                "authorizer": {"jwt": {"claims": claims, "scopes": null}}
            }
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    fn caller(claims: &Value, which: SignInClaim) -> Result<Caller, Problem> {
        Caller::of(&request(claims, &json!(null)), which, "acs.admin")
    }

    fn detail(claims: &Value, which: SignInClaim) -> String {
        let problem = caller(claims, which).unwrap_err();
        assert_eq!(problem.code, Code::InvalidClaims);
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
    fn claims_that_name_nobody_or_no_time_are_refused_by_name() {
        let any = SignInClaim::AuthTimeOrIat;
        assert!(detail(&json!({"sub": "a", "iat": "1"}), any).starts_with("issuer: "));
        assert!(detail(&json!({"iss": "https://i", "iat": "1"}), any).starts_with("subject: "));
        for time in ["", "soon", "-1", "1e9", "1.", "1.x", "99999999999999999999", "+1 "] {
            let claims = json!({"iss": "https://i", "sub": "a", "auth_time": time, "iat": "1"});
            assert!(detail(&claims, any).starts_with("auth_time: "), "{time}");
        }
    }

    #[test]
    fn only_an_operator_may_name_another_user() {
        let path = json!({"subject": "bob"});
        let target = |claim: &str, scope: &str| {
            let claims = json!({"iss": "https://i", "sub": "a", "iat": "1", claim: scope});
            let request = request(&claims, &path);
            let caller = Caller::of(&request, SignInClaim::Iat, "acs.admin").unwrap();
            caller.target(&request)
        };
        for scope in ["", "acs.administrator", "xacs.admin", "openid"] {
            assert_eq!(
                target("scope", scope).unwrap_err().code,
                Code::OperatorScopeRequired,
                "{scope}"
            );
        }
        let bob = RecordKey::user("https://i".parse().unwrap(), "bob".parse().unwrap());
        for claim in ["scope", "scp"] {
            let (user, order) = target(claim, "openid acs.admin").unwrap();
            assert_eq!(user, bob);
            assert!(matches!(order, Order::Operator));
        }
    }
}
