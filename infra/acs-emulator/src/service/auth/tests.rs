//! Signatures that Microsoft's own packages made.

use super::*;

const ID: &str =
    "8%3Aacs%3A11111111-2222-3333-4444-555555555555_0000000a-0b0c-0d0e-0f10-111213141516";
const HOST: &str = "contoso.communication.azure.com";

fn settings() -> Settings {
    let key: AccessKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap();
    Settings { access_keys: [key.clone(), key], ..Settings::simulated(1) }
}

fn request(method: &str, target: &str, body: &'static str, signature: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(target.replace("RID", ID))
        .header("Host", HOST)
        .header("Date", "Mon, 23 Nov 2026 00:00:00 GMT")
        .header(CONTENT_HASH, STANDARD.encode(Sha256::digest(body)))
        .header(
            "Authorization",
            format!("HMAC-SHA256 SignedHeaders=date;host;{CONTENT_HASH}&Signature={signature}"),
        )
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap()
}

fn is_accepted(request: &Request<Bytes>) -> bool {
    let settings = settings();
    let keys = [(KeySlot::Primary, &settings.access_keys[0])];
    let now = "2026-11-23T00:00:00Z".parse().unwrap();
    authenticate(request, keys.into_iter(), &settings, [now; 2]).is_ok()
}

/// Signatures that Microsoft's Python packages made, with a patched clock, are accepted.
#[test]
fn microsoft_signatures_are_accepted() {
    let create = "/identities?api-version=2020-07-20-preview2";
    let token = "/identities/RID/token?api-version=2020-07-20-preview2";
    let delete = "/identities/RID?api-version=2020-07-20-preview2";
    let scopes = r#"{"scopes": ["chat", "voip"]}"#;
    let new = "/identities?api-version=2023-10-01";
    let with_token = r#"{"createTokenWithScopes": ["chat"], "expiresInMinutes": 60}"#;
    let revoke = "/identities/RID/:revokeAccessTokens?api-version=2023-10-01";
    for (method, target, body, signature) in [
        ("POST", create, "", "xFt1hMj6ixb79ts5OzpgI0eJLeW3v7oxOATPijq2V4Y="),
        ("POST", token, scopes, "+wIxr9oP7eiZDZwSGMAsVTTWxzleMhWbiZp4Dx0dM5E="),
        ("DELETE", delete, "", "vX13SwZVtwE4QbkAylug+Ll647LVu6CH0U+nmrihZqU="),
        ("POST", new, "", "8zVEQ8HEQvf32yJsvGD/J6MyA/rZJj5zjaKgmK3Epto="),
        ("POST", new, with_token, "VGyuRxg4LCiENAGt2v675coS3QdlCC6uAZmDlR0dWlA="),
        ("POST", revoke, "", "LG/p1JV7NZMSChC1yOaKqL/Djjgh5YHDiiGO02iiwEc="),
    ] {
        assert!(is_accepted(&request(method, target, body, signature)), "{target}");
        assert!(!is_accepted(&request("PUT", target, body, signature)), "{target}");
    }
}
