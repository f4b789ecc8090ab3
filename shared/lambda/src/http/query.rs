//! The query parameters of a request.

use url::form_urlencoded;

use crate::http::event::HttpRequest;
use crate::http::problem::ProblemDetails;

impl HttpRequest {
    /// Refuses query parameters that the operation does not have: a misspelt one that is silently
    /// ignored would do to a user what the caller did not mean.
    ///
    /// # Errors
    /// There is a parameter that is not in `known`; the detail names it.
    pub fn reject_unknown_query(&self, known: &[&str]) -> Result<(), ProblemDetails> {
        let mut names = form_urlencoded::parse(self.query.as_bytes()).map(|(name, _)| name);
        match names.find(|name| !known.contains(&name.as_ref())) {
            Some(name) => {
                let detail = format!("{name}: is not a parameter of this operation");
                Err(ProblemDetails::invalid(detail))
            }
            None => Ok(()),
        }
    }

    /// Returns a parameter that is `true` or `false`, and `false` where it is absent.
    ///
    /// # Errors
    /// It has another value, or is there twice.
    pub fn query_flag(&self, name: &str) -> Result<bool, ProblemDetails> {
        let mut values = form_urlencoded::parse(self.query.as_bytes())
            .filter_map(|(found, value)| (found == name).then_some(value));
        match (values.next().as_deref(), values.next()) {
            (None | Some("false"), None) => Ok(false),
            (Some("true"), None) => Ok(true),
            _ => Err(ProblemDetails::invalid(format!("{name}: must be `true` or `false`, once"))),
        }
    }
}
