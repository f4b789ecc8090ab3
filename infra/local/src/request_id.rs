//! The ids by which the gateway's answers and the functions' logs find each other.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// 16 characters that end in `=`, as the service's are.
#[must_use]
pub fn request_id() -> String {
    let mut bytes = [0_u8; 11];
    // Without entropy two requests share an id in the log of a development machine.
    let _unlikely = rand::fill(&mut bytes);
    STANDARD.encode(bytes)
}
