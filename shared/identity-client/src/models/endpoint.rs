//! Addresses of Communication Services resources.

use std::fmt;
use std::str::FromStr;

use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use url::Url;

/// The address of a Communication Services resource, such as
/// `https://contoso.communication.azure.com`.
///
/// Parsing accepts `https` only; [`Endpoint::insecure`] accepts `http` too. A trailing `/` is
/// accepted, a port other than the scheme's own is kept, and the host is in lower case.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
}

/// Why a text is not an [`Endpoint`]. The error does not repeat the text: it may be a misplaced
/// key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Not an absolute URL with a host.
    #[error("the endpoint must be a URL with a host")]
    NotAUrl,
    /// A scheme that was not allowed here.
    #[error("the endpoint must begin with https://")]
    NotHttps,
    /// A user name, path, query or fragment.
    #[error("the endpoint must be scheme, host and port only")]
    MoreThanAHost,
}

impl Endpoint {
    /// Parses an endpoint that may be plain `http`: for emulators on the same machine.
    ///
    /// # Errors
    /// When the text is anything but scheme, host and port.
    pub fn insecure(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        // The URL standard drops tabs and line ends silently; in a setting they are a mistake.
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(EndpointError::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
        let scheme = match url.scheme() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            _ => return Err(EndpointError::NotHttps),
        };
        let only_a_host = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        if !only_a_host {
            return Err(EndpointError::MoreThanAHost);
        }
        let authority = url.authority().parse().map_err(|_| EndpointError::NotAUrl)?;
        Ok(Self { scheme, authority })
    }

    /// Returns `host` or `host:port`, as the `Host` header and the signature have it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.as_str()
    }

    /// Returns the address of `path_and_query` at this endpoint.
    pub(crate) fn uri(&self, path_and_query: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path_and_query)
            .build()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let endpoint = Self::insecure(text)?;
        if endpoint.scheme == Scheme::HTTPS { Ok(endpoint) } else { Err(EndpointError::NotHttps) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An endpoint is a scheme, a host and a port.
    #[test]
    fn scheme_host_and_port_are_kept() {
        for (text, host, shown) in [
            ("https://contoso.communication.azure.com", "contoso.communication.azure.com", None),
            ("https://contoso.communication.azure.com/", "contoso.communication.azure.com", None),
            (" https://Contoso.example:443/ ", "contoso.example", Some("https://contoso.example")),
            ("https://localhost:8443", "localhost:8443", None),
            ("https://[::1]:8443", "[::1]:8443", None),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.host(), host, "{text}");
            assert_eq!(endpoint.to_string(), shown.unwrap_or(text.trim_end_matches('/')));
        }
    }

    /// Plain `http` is accepted by `insecure` only.
    #[test]
    fn plain_http_needs_insecure() {
        assert_eq!("http://localhost:8080".parse::<Endpoint>(), Err(EndpointError::NotHttps));
        assert_eq!(Endpoint::insecure("http://localhost:8080/").unwrap().host(), "localhost:8080");
        assert_eq!(Endpoint::insecure("ftp://localhost"), Err(EndpointError::NotHttps));
    }

    /// A host name in another script is a mistake and no reason to panic.
    #[test]
    fn hosts_are_ascii() {
        for host in
            ["contoso=communication.azurI\u{492}om", "b\u{fc}cher.example", "%D2%92A.example"]
        {
            let text = format!("https://{host}/");
            assert_eq!(text.parse::<Endpoint>(), Err(EndpointError::NotAUrl), "{text}");
        }
    }

    /// Anything else than a host and a port is refused.
    #[test]
    fn more_than_host_is_refused() {
        for text in ["", "contoso.example", "https://", "https://a b", "https://a\n.example"] {
            assert_eq!(text.parse::<Endpoint>(), Err(EndpointError::NotAUrl), "{text:?}");
        }
        for rest in ["path", "?query", "#fragment", "?", "#"] {
            let text = format!("https://contoso.example/{rest}");
            assert_eq!(text.parse::<Endpoint>(), Err(EndpointError::MoreThanAHost), "{text}");
        }
        for user in ["user", "user:password", ":password"] {
            let text = format!("https://{user}@contoso.example");
            assert_eq!(text.parse::<Endpoint>(), Err(EndpointError::MoreThanAHost), "{text}");
        }
    }
}
