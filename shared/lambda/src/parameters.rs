use lambda_http::{Request, RequestExt};

use crate::problem::Problem;

/// Refuses query parameters that the operation does not have: a misspelt one, silently ignored,
/// would do to a user what the caller did not mean.
///
/// # Errors
/// There is a parameter that is not in `known`; the detail names it.
pub fn only_parameters(request: &Request, known: &[&str]) -> Result<(), Problem> {
    let query = request.query_string_parameters_ref();
    let mut names = query.into_iter().flat_map(|query| query.iter().map(|(name, _)| name));
    match names.find(|name| !known.contains(name)) {
        Some(name) => Err(Problem::invalid(format!("{name}: is no parameter of this operation"))),
        None => Ok(()),
    }
}
