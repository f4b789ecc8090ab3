//! Why a request, a session or an event was refused, in a sentence for people.

use acs_broker_core::SessionRejection;
use acs_broker_identity_events::{EventError, Sources};
use http::StatusCode;

use crate::console::app::UserView;
use crate::console::rejection::Rejection;
use crate::console::time::{instant, of_day};

/// The problem codes of the contract: what each means, and what to do about it.
pub(crate) const PROBLEMS: [(&str, &str, &str); 17] = [
    (
        "acs_misconfigured",
        "ACS refused the key or the resource.",
        "Correct ACS_CONNECTION_STRING, or end the fault that refuses the key.",
    ),
    ("acs_throttled", "ACS is over its quota.", "Try again after the seconds of Retry-After."),
    ("acs_unavailable", "ACS did not respond, or failed.", "Try again with a growing pause."),
    ("body_too_large", "The request's body is too large.", "Send less, or several requests."),
    (
        "deadline_exceeded",
        "The request used up its time, because ACS or the table was slow.",
        "Try again; the steps show which part was slow.",
    ),
    (
        "identity_busy",
        "Another request is creating this user's identity.",
        "Try again in a second.",
    ),
    (
        "internal_error",
        "The function made a mistake.",
        "The log of `make run` has the error; report it.",
    ),
    (
        "invalid_claims",
        "The access token does not say who signed in and when.",
        "Set SUBJECT_CLAIM and SIGN_IN_CLAIM to claims that the access token has.",
    ),
    (
        "invalid_request",
        "A field of the request breaks a rule.",
        "Correct the field that the response's detail names.",
    ),
    (
        "lifetime_not_allowed",
        "The scope policy grants this user shorter tokens only.",
        "Ask for a shorter lifetime, or change SCOPE_POLICY.",
    ),
    (
        "operator_scope_required",
        "Only an operator may do this: the access token lacks the scope.",
        "Sign in as an operator: with the claim scope, acs.admin unless OPERATOR_SCOPE says else.",
    ),
    (
        "scope_not_allowed",
        "The scope policy does not grant this user one of the scopes.",
        "Ask for fewer scopes, or change SCOPE_POLICY.",
    ),
    ("sign_in_again", "The session has ended.", "Have the user sign in again."),
    ("table_unavailable", "The table did not respond.", "Try again with a growing pause."),
    (
        "too_many_requests",
        "This user has asked too often within a minute.",
        "Keep the token until refreshAfter; try again after the seconds of Retry-After.",
    ),
    (
        "unsupported_media_type",
        "The body must be application/json in UTF-8, not compressed.",
        "Send Content-Type: application/json.",
    ),
    (
        "user_suspended",
        "The user is suspended.",
        "An operator or the identity provider must lift that, who suspended the user.",
    ),
];

/// Returns the sentence for a problem code, and the remedy.
pub(crate) fn problem(code: &str) -> Option<(&'static str, &'static str)> {
    let found = PROBLEMS.iter().find(|(known, ..)| *known == code);
    found.map(|(_, sentence, remedy)| (*sentence, *remedy))
}

/// Returns what to do about a refusal of the gateway itself.
pub(crate) fn gateway_remedy(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED => {
            Some("Sign in, and send the access token as Authorization: Bearer.")
        }
        StatusCode::FORBIDDEN => Some("Sign in with the scope that the route asks for."),
        StatusCode::NOT_FOUND => Some("The contract, infra/aws/openapi.yaml, has all routes."),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Some("Try again with a growing pause, or end the fault of the gateway.")
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Some("Have the identity provider put less into the access token.")
        }
        _ => None,
    }
}

/// Returns a remark of the gateway as a sentence.
pub(crate) fn sentence(remark: &str) -> String {
    let mut characters = remark.chars();
    let Some(first) = characters.next() else { return String::new() };
    let end = if remark.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), characters.as_str())
}

/// Returns why a session gets no token, with the values that decide.
pub(crate) fn session(rejection: Rejection, view: &UserView) -> String {
    let record = &view.snapshot.stored.record;
    match rejection {
        Rejection::Expired => "Its access token has expired.".to_owned(),
        Rejection::WithoutSignIn => "Its token does not say when the user signed in.".to_owned(),
        Rejection::Domain(SessionRejection::Suspended) => "The user is suspended.".to_owned(),
        Rejection::Domain(SessionRejection::SignInAgain) => {
            let cutoff = record.cutoff(view.snapshot.global_cutoff).and_then(instant);
            match cutoff {
                Some(cutoff) => format!("Sessions up to the cutoff {} have ended.", of_day(cutoff)),
                None => "Sessions up to the cutoff have ended.".to_owned(),
            }
        }
    }
}

/// Returns why an event cannot be carried out.
pub(crate) fn rejected_event(error: &EventError, sources: &Sources) -> String {
    let EventError::UnknownSource = error else { return error.to_string() };
    let cognito = sources.cognito.as_ref().map(|_| "aws.cognito-idp");
    let okta = sources.okta.as_ref().map(|okta| okta.source.as_str());
    let auth0 = sources.auth0.iter().map(String::as_str);
    let configured: Vec<_> =
        cognito.into_iter().chain(auth0).chain(okta).chain(sources.generic.as_deref()).collect();
    format!("source: is not among the configured ones: {}", configured.join(", "))
}

#[cfg(test)]
mod tests {
    use acs_broker_lambda::ProblemCode;

    use super::*;

    mod sentences {
        use super::*;

        /// A developer who meets any of the codes reads why, and not only the code.
        #[test]
        fn cover_each_problem_code() {
            for code in ProblemCode::ALL {
                let name = serde_json::to_value(code).unwrap();
                assert!(problem(name.as_str().unwrap()).is_some(), "{name}");
            }
            assert_eq!(PROBLEMS.len(), ProblemCode::ALL.len());
        }

        /// A remark for the terminal reads as a sentence on the page.
        #[test]
        fn end_with_one_full_stop() {
            assert_eq!(sentence("the token has expired"), "The token has expired.");
            assert_eq!(sentence("done."), "Done.");
            assert_eq!(sentence(""), "");
        }
    }
}
