//! Users of Microsoft's sample "communication-services-authentication-hero": an open extension of
//! the Entra user has the ACS identity in its member `acsUserIdentity`.
//!
//! The file is what `GET /users?$select=id&$expand=extensions` of Microsoft Graph returns: a page,
//! several pages one after the other, or single users.
//! <https://github.com/Azure-Samples/communication-services-authentication-hero-nodejs/blob/main/src/services/graphService.ts>

use acs_broker_core::Issuer;
use serde_json::{Deserializer, Value};

use super::csv_file::row;
use super::entry::Entry;

const IDENTITY: &str = "acsUserIdentity";

/// Holds the users of the sample.
#[derive(Debug, Default)]
pub(crate) struct GraphUsers {
    pub(crate) entries: Vec<Entry>,
    /// The number of users who have no identity.
    without_identity: u64,
    /// Whether the last page names another one.
    is_cut_off: bool,
    users: u64,
}

/// Parses the pages of Microsoft Graph.
///
/// # Errors
/// The text is not JSON.
pub(crate) fn parse(text: &[u8], issuer: &Issuer) -> Result<GraphUsers, serde_json::Error> {
    let mut users = GraphUsers::default();
    for page in Deserializer::from_slice(text).into_iter::<Value>() {
        let page = page?;
        users.is_cut_off = page.get("@odata.nextLink").is_some();
        match page.get("value").unwrap_or(&page) {
            Value::Array(list) => list.iter().for_each(|user| users.add(user, issuer)),
            user => users.add(user, issuer),
        }
    }
    Ok(users)
}

impl GraphUsers {
    fn add(&mut self, user: &Value, issuer: &Issuer) {
        self.users += 1;
        let extensions = user.get("extensions").and_then(Value::as_array);
        let found =
            extensions.into_iter().flatten().filter_map(|extension| extension.get(IDENTITY));
        let mut found: Vec<_> = found.collect();
        found.dedup();
        let content = match (user.get("id").and_then(Value::as_str), found.as_slice()) {
            (None, _) => Err("id: is missing".to_owned()),
            (Some(_), []) => {
                self.without_identity += 1;
                return;
            }
            (Some(id), [Value::String(identity)]) => row(issuer, id, identity),
            (Some(_), [_]) => Err(format!("{IDENTITY}: must be text")),
            (Some(_), _) => Err(format!("{IDENTITY}: there are several, in several extensions")),
        };
        self.entries.push(Entry { line: self.users, content });
    }

    /// Returns what the operator should know.
    pub(crate) fn notice(&self) -> String {
        let next = if self.is_cut_off {
            " The last page names a next one (@odata.nextLink): fetch it, too."
        } else {
            ""
        };
        format!(
            "{} of {} users have an ACS identity. The subjects are the users' object ids, so the \
             stack's SubjectClaim must be oid.{next}",
            self.entries.iter().filter(|entry| entry.content.is_ok()).count(),
            self.users
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(id: &str, identity: &Value) -> Value {
        json!({"id": id, "extensions": [
            {"@odata.type": "#microsoft.graph.openTypeExtension", "id": "com.contoso.roaming"},
            {
                "@odata.type": "#microsoft.graph.openTypeExtension",
                "extensionName": "com.contoso.identityMapping",
                "id": "com.contoso.identityMapping",
                "acsUserIdentity": identity,
            },
        ]})
    }

    fn read(text: &str) -> GraphUsers {
        parse(text.as_bytes(), &"https://login.example/v2.0".parse().unwrap()).unwrap()
    }

    /// Pages and single users are read alike, and users without an identity are left out.
    #[test]
    fn pages_and_users_are_read() {
        let page = json!({
            "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=x",
            "value": [user("oid-1", &"8:acs:a_1".into()), {"id": "oid-2"}],
        });
        let single = user("oid-3", &"8:acs:a_3".into());
        let users = read(&format!("{page}\n{single}"));
        let found = users.entries.iter().map(|entry| {
            let (key, record) = entry.content.as_ref().unwrap();
            (entry.line, key.to_text(), record.bound().unwrap().id.to_string())
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (1, "user https://login.example/v2.0 oid-1".to_owned(), "8:acs:a_1".to_owned()),
                (3, "user https://login.example/v2.0 oid-3".to_owned(), "8:acs:a_3".to_owned()),
            ]
        );
        assert!(users.notice().starts_with("2 of 3 users have an ACS identity."));
        assert!(!users.notice().contains("nextLink"), "the last page is the last");
        assert!(read(&page.to_string()).notice().contains("nextLink"));
    }

    /// A user whose extension is not the sample's is refused, and the others are not.
    #[test]
    fn wrong_extension_is_refused() {
        let users =
            read(&json!([user("oid-1", &7.into()), user("oid-2", &"x".into())]).to_string());
        let rules = users.entries.iter().map(|entry| entry.content.as_ref().unwrap_err().clone());
        let rules: Vec<_> = rules.collect();
        assert_eq!(rules[0], "acsUserIdentity: must be text");
        assert!(users.notice().starts_with("0 of 2 users have an ACS identity."));
        assert!(rules[1].starts_with("identity: an identity id is"), "{rules:?}");
    }
}
