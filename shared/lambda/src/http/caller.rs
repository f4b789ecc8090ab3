//! The caller of a request, by the claims that the gateway's authorizer has verified.

use std::collections::BTreeMap;
use std::fmt;

use acs_broker_config::SignInClaim;
use acs_broker_core::{
    EpochSeconds, Grant, Initiator, Issuer, KeyError, MAX_CLOCK_SKEW, RecordKey, RequestedGrant,
    Session, Subject,
};
use jiff::Timestamp;

use crate::http::claims::Claims;
use crate::http::event::HttpRequest;
use crate::http::problem::ProblemDetails;
use crate::http::problem_code::ProblemCode;
use crate::invocation::Invocation;
use crate::telemetry::field::Field;
use crate::telemetry::line::Level;

/// The caller of a request. Nothing else in a request says who the caller is.
pub struct Caller {
    /// The caller's session.
    pub session: Session,
    /// The issuer of the caller's token.
    pub(crate) issuer: Issuer,
    /// The claim that gave the time of the sign-in.
    sign_in_claim: String,
}

/// How the issuer's claims are to be read.
#[derive(Clone, Copy)]
struct ClaimRules<'a> {
    subject_claim: &'a str,
    sign_in_claim: &'a SignInClaim,
}

const AUTH_TIME: &str = "auth_time";
const IAT: &str = "iat";
const HINT_IAT: &str = "the tokens carry no auth_time, so a refresh lifts a revocation: have the \
    identity provider send the time of the sign-in, and name its claim in SIGN_IN_CLAIM";

impl Invocation<HttpRequest> {
    /// Returns the caller, and notes them in the log.
    ///
    /// # Errors
    /// The verified claims name no user or no time of sign-in, or the token is not an access token.
    pub fn caller(&self) -> Result<Caller, ProblemDetails> {
        let app = &self.app;
        let rules =
            ClaimRules { subject_claim: &app.subject_claim, sign_in_claim: &app.sign_in_claim };
        let caller = Caller::read(self.payload.claims.as_ref(), rules, self.now())
            .map_err(ProblemDetails::invalid_claims)?;
        let is_fallback =
            *rules.sign_in_claim == SignInClaim::AuthTimeOrIat && caller.sign_in_claim == IAT;
        let mut line = self.line();
        line.set(Field::User, self.hash(&caller.session.user));
        if caller.sign_in_claim != AUTH_TIME {
            line.set(Field::SignInClaim, caller.sign_in_claim.as_str());
        }
        if is_fallback && app.is_first_without_auth_time() {
            line.raise(Level::Warn, HINT_IAT);
        }
        drop(line);
        Ok(caller)
    }

    /// Returns the scopes and the lifetime that the scope policy grants the caller.
    ///
    /// # Errors
    /// The policy does not grant what was requested.
    pub fn grant(&self, requested: &RequestedGrant) -> Result<Grant, ProblemDetails> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        let claims = self.payload.claims.as_ref().map_or(&NONE, |claims| &claims.texts);
        Ok(self.app.scope_policy.grant(claims, requested)?)
    }

    /// Returns the caller of an operator's route. The gateway asks for the operators' scope, and
    /// this asks again.
    ///
    /// # Errors
    /// As for [`Invocation::caller`], or the caller is not an operator.
    pub(crate) fn operator(&self) -> Result<Caller, ProblemDetails> {
        let caller = self.caller()?;
        let claims = self.payload.claims.as_ref();
        if claims.is_some_and(|claims| claims.has_scope(&self.app.operator_scope)) {
            Ok(caller)
        } else {
            Err(ProblemDetails::new(ProblemCode::OperatorScopeRequired))
        }
    }
}

impl Caller {
    /// Returns the caller as the initiator of an operation about themselves.
    #[must_use]
    pub const fn initiator(&self) -> Initiator {
        Initiator::User { signed_in: self.session.sign_in }
    }

    fn read(
        claims: Option<&Claims>,
        rules: ClaimRules<'_>,
        now: Timestamp,
    ) -> Result<Self, String> {
        let claims = claims.ok_or("claims: there are none")?;
        if let Some(sign) = id_token_sign(claims) {
            return Err(format!("{sign}: send the access token, not the ID token"));
        }
        let key_rule = |rule: KeyError| rule.to_string();
        let issuer: Issuer = claims.required("iss")?.parse().map_err(key_rule)?;
        let subject: Subject = claims.required(rules.subject_claim)?.parse().map_err(key_rule)?;
        let sign_in_claim = match rules.sign_in_claim {
            SignInClaim::AuthTimeOrIat if claims.has(AUTH_TIME) => AUTH_TIME,
            SignInClaim::AuthTimeOrIat => IAT,
            SignInClaim::Named(name) => name,
        };
        let sign_in = claims.instant(sign_in_claim)?;
        // A sign-in further ahead would outlive every revocation until then.
        let latest = now.checked_add(MAX_CLOCK_SKEW).unwrap_or(now);
        if sign_in > EpochSeconds::from(latest) {
            let seconds = MAX_CLOCK_SKEW.as_secs();
            return Err(format!("{sign_in_claim}: must not be more than {seconds} seconds ahead"));
        }
        let user = RecordKey::user(issuer.clone(), subject);
        Ok(Self {
            session: Session { user, sign_in },
            issuer,
            sign_in_claim: sign_in_claim.to_owned(),
        })
    }
}

/// Returns the claim by which a token is an ID token, if it is one. An ID token says who somebody is;
/// only an access token grants access.
fn id_token_sign(claims: &Claims) -> Option<&'static str> {
    // Cognito says what a token is for. The two hashes are an ID token's (OpenID Connect Core 1.0,
    // section 3.3.2.11).
    match claims.texts.get("token_use").map(String::as_str) {
        Some("access") => None,
        Some(_) => Some("token_use"),
        None => ["at_hash", "c_hash"].into_iter().find(|name| claims.has(name)),
    }
}

/// Without session and issuer, which say who the caller is.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("sign_in_claim", &self.sign_in_claim).finish_non_exhaustive()
    }
}
