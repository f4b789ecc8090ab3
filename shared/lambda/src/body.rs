use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::{Body, Request};
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

const LARGEST_BODY: usize = 4096;

/// Reads an optional JSON body; no body gives the default.
///
/// # Errors
/// The body is larger than 4 KiB, is not declared as JSON, is not JSON, or has a field that is
/// unknown, double or of the wrong type; the detail names the field.
pub fn json_body<T: DeserializeOwned + Default>(request: &Request) -> Result<T, Problem> {
    let body: &[u8] = match request.body() {
        Body::Empty => return Ok(T::default()),
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Err(Problem::new(Code::UnsupportedMediaType)),
    };
    if body.is_empty() {
        return Ok(T::default());
    }
    if body.len() > LARGEST_BODY {
        let detail = format!("body: must be at most {LARGEST_BODY} bytes");
        return Err(Problem::new(Code::BodyTooLarge).detailed(detail));
    }
    if !is_json(request) {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    // Serde would read an array as the fields of a struct in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::invalid("body: must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        // `.` is the whole, `?` a place before the first field.
        let place = if [".", "?"].contains(&path.as_str()) { "body".to_owned() } else { path };
        Problem::invalid(format!("{place}: {}", error.inner()))
    })?;
    json.end().map_err(|error| Problem::invalid(format!("body: {error}")))?;
    Ok(parsed)
}

fn is_json(request: &Request) -> bool {
    let declared = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = declared.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Wish {
        expires_in_minutes: Option<u32>,
    }

    fn read(content_type: &str, body: &str) -> Result<Wish, Problem> {
        let request = lambda_http::http::Request::post("/v1/token")
            .header(CONTENT_TYPE, content_type)
            .body(Body::Text(body.to_owned()))
            .unwrap();
        json_body(&request)
    }

    #[test]
    fn a_body_may_be_left_out() {
        assert_eq!(read("text/plain", "").unwrap(), Wish::default());
        assert_eq!(read("application/json", "{}").unwrap(), Wish::default());
    }

    #[test]
    fn json_is_recognised_whatever_its_parameters_and_case() {
        for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(read(content_type, "{}").is_ok(), "{content_type}");
        }
        for content_type in ["", "text/plain", "application/jsonx", "application/xml"] {
            let problem = read(content_type, "{}").unwrap_err();
            assert_eq!(problem.code, Code::UnsupportedMediaType, "{content_type}");
        }
    }

    #[test]
    fn a_bad_body_is_told_which_field_breaks_which_rule() {
        for (body, says) in [
            (r#"{"expiresInMinutes": "60"}"#, "expiresInMinutes: invalid type: string"),
            (r#"{"expiresInMinutes": 60.5}"#, "expiresInMinutes: invalid type: floating point"),
            (r#"{"expiresInMinutes": 1, "expiresInMinutes": 2}"#, "duplicate field"),
            (r#"{"lifetime": 60}"#, "unknown field `lifetime`"),
            ("{", "body: EOF while parsing"),
            ("{} {}", "body: trailing characters"),
            ("[60]", "body: must be a JSON object"),
            ("null", "body: must be a JSON object"),
        ] {
            let problem = read("application/json", body).unwrap_err();
            assert_eq!(problem.code, Code::InvalidRequest, "{body}");
            let detail = problem.detail.unwrap();
            assert!(detail.contains(says), "{body}: {detail}");
        }
    }

    #[test]
    fn a_body_over_the_limit_is_refused_before_it_is_read() {
        let body = format!("{{{}}}", " ".repeat(LARGEST_BODY));
        assert_eq!(read("application/json", &body).unwrap_err().code, Code::BodyTooLarge);
    }
}
