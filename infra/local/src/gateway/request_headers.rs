//! What the gateway reads from a request's headers.

use http::header::{CONTENT_TYPE, COOKIE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// Every value of a header, joined by commas.
#[must_use]
pub(crate) fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Every cookie, `name=value`.
#[must_use]
pub(crate) fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .split(';')
                .map(|cookie| cookie.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Whether the service passes a body on as text. Everything else, a form or a body without a
/// media type included, arrives in base64.
#[must_use]
pub(crate) fn say_text(headers: &HeaderMap) -> bool {
    let media_type = joined(headers, &CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&essence)
}

/// Over HTTP/2 a request names its host beside the headers; functions look for it in them.
pub(crate) fn name_host(parts: &mut Parts) {
    let authority = parts.uri.authority().map(|authority| authority.as_str().parse());
    if let (false, Some(Ok(host))) = (parts.headers.contains_key(HOST), authority) {
        parts.headers.insert(HOST, host);
    }
}

/// For which host the request is, without the port; none where they name none that a URL can have,
/// at which the functions' runtime would panic.
#[must_use]
pub(crate) fn host(headers: &HeaderMap) -> Option<String> {
    let url = Url::parse(&format!("http://{}/", joined(headers, &HOST)?)).ok()?;
    url.host_str().map(str::to_owned)
}

/// The largest request line and headers together that an HTTP API takes, in bytes.
///
/// Source: "Quotas for configuring and running an HTTP API" in the API Gateway developer guide.
pub(crate) const MAX_HEAD: usize = 10_240;

/// Returns the bytes of a request's line and headers.
#[must_use]
pub(crate) fn head_length(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = parts.method.as_str().len() + target + "  HTTP/1.1\r\n".len();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + ": \r\n".len()
    };
    line + parts.headers.iter().map(header).sum::<usize>()
}

/// Returns whether the request names its host more than once, so that two readers of it could
/// disagree.
#[must_use]
pub(crate) fn names_two_hosts(headers: &HeaderMap) -> bool {
    headers.get_all(HOST).iter().count() > 1
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// A host at which the functions' runtime would panic counts as none.
    #[test]
    fn unreadable_host_counts_as_none() {
        for (given, host_without_port) in [
            ("localhost:8080", Some("localhost")),
            ("[::1]:8080", Some("[::1]")),
            ("api.example", Some("api.example")),
            ("a b", None),
            ("contoso=azurI%D2%92om", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(given))]);
            assert_eq!(host(&headers).as_deref(), host_without_port, "{given}");
        }
        assert_eq!(host(&HeaderMap::new()), None);
    }

    /// A client of HTTP/2 names its host beside the headers.
    #[test]
    fn http_2_needs_no_host_header() {
        for (uri, header, expected) in [
            ("http://api.example:8080/v1/token", None, Some("api.example")),
            ("http://api.example/v1/token", Some("other.example"), Some("other.example")),
            ("/v1/token", None, None),
        ] {
            let mut request = Request::get(uri);
            request = header.into_iter().fold(request, |request, host| request.header(HOST, host));
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            name_host(&mut parts);
            assert_eq!(host(&parts.headers).as_deref(), expected, "{uri}");
        }
    }
}
