//! The ids by which the gateway's responses and the functions' logs are matched.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;

/// The header in which a response says which request it is for, as the service does.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Returns 16 characters that end in `=`, as the service's are.
#[must_use]
pub(crate) fn request_id() -> String {
    let mut bytes = [0_u8; 11];
    // Without entropy two requests share an id in the log of a development machine.
    let _unlikely = rand::fill(&mut bytes);
    STANDARD.encode(bytes)
}
