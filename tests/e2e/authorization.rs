//! Who may do what: each kind of session on each route about each kind of user, cell by cell.

mod cells;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicU32, Ordering};

use acs_broker_core::{Record, RecordKey};
use acs_broker_harness::emulator::KnownIdentity;
use acs_broker_harness::response::Response;
use acs_broker_harness::stack::{Jwt, StackProcess, now};
use acs_broker_harness::table;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use self::cells::{Cell, Expected, Kind, Route, Session, Target};

/// A user as they are before a cell.
struct User {
    subject: String,
    access: Jwt,
    id: Jwt,
    /// Absent for somebody who has never asked for one.
    acs_token: Option<String>,
    /// Whether the token was ended before.
    has_ended: bool,
}

/// A stack with an operator, and with somebody whom no request is about.
struct World {
    stack: StackProcess,
    root: Jwt,
    bystander: String,
}

/// A refused request gets the response that the table says, which does not depend on whom it is
/// about, and changes neither the user table nor ACS.
#[tokio::test]
async fn refused_cells_change_nothing() {
    let world = World::start().await;
    let mut callers = BTreeMap::new();
    for (cell, _) in cells::all() {
        if let Entry::Vacant(caller) = callers.entry((cell.session, cell.scope)) {
            caller.insert(world.user(cell.session, cell.scope.claim()).await);
        }
    }
    let mut targets = BTreeMap::new();
    for target in Target::OTHERS {
        targets.insert(target, world.target(target).await);
    }
    let before = world.state().await;
    let (mut count, mut answers, mut route) = (0, BTreeMap::new(), Route::Issue);
    for (cell, expected) in cells::all() {
        if cell.route != route {
            assert_eq!(world.state().await, before, "something of {route:?} had an effect");
            route = cell.route;
        }
        let Expected::Refused(status, code) = expected else { continue };
        let caller = &callers[&(cell.session, cell.scope)];
        let about = targets.get(&cell.target).unwrap_or(caller);
        let response = world.send(cell, caller, &about.subject).await;
        let said = response.json()["code"].as_str().unwrap_or_default().to_owned();
        assert_eq!((response.status.as_u16(), said.as_str()), (status, code), "{cell:?}");
        if cell.target != Target::Themselves {
            let others = Cell { target: Target::Known, ..cell };
            let first = answers.entry(others).or_insert_with(|| comparable(&response));
            assert_eq!(*first, comparable(&response), "{cell:?} tells about the user");
        }
        count += 1;
    }
    assert_eq!(world.state().await, before, "something of {route:?} had an effect");
    assert_eq!(count, cells::COUNT - cells::ALLOWED);
}

/// An allowed request does what it says to whom it names, and to nobody else.
#[tokio::test]
async fn allowed_cells_reach_their_user_alone() {
    let world = World::start().await;
    let mut count = 0;
    for (cell, expected) in cells::all() {
        let Expected::Allowed = expected else { continue };
        let caller = world.user(cell.session, cell.scope.claim()).await;
        let other = match cell.target {
            Target::Themselves => None,
            target => Some(world.target(target).await),
        };
        let about = other.as_ref().unwrap_or(&caller);
        let response = world.send(cell, &caller, &about.subject).await;
        let done = if cell.route.is_operators() {
            assert_eq!(response.outcomes(), ["done"], "{cell:?}: {response:?}");
            StatusCode::OK
        } else if cell.route == Route::Issue {
            assert!(world.stack.acs().is_active(&response.token()).await, "{cell:?}");
            StatusCode::OK
        } else {
            StatusCode::NO_CONTENT
        };
        assert_eq!(response.status, done, "{cell:?}: {response:?}");
        for (user, ends) in
            [(Some(about), cell.route.ends_tokens()), (other.as_ref().map(|_| &caller), false)]
        {
            let Some(token) = user.and_then(|user| user.acs_token.as_ref()) else { continue };
            let had_ended = user.is_some_and(|user| user.has_ended);
            let is_alive = world.stack.acs().is_active(token).await;
            assert_eq!(is_alive, !ends && !had_ended, "{cell:?}");
        }
        assert!(world.stack.acs().is_active(&world.bystander).await, "{cell:?} hits a bystander");
        count += 1;
    }
    assert_eq!(count, cells::ALLOWED);
}

impl World {
    async fn start() -> Self {
        let stack = StackProcess::start().await;
        let root = stack.sign_in_operator().await;
        let bystander = stack.acs_token(&stack.sign_in("bystander").await).await;
        Self { stack, root, bystander }
    }

    /// Makes a user whose session is in this state.
    async fn user(&self, session: Session, scope: Option<&str>) -> User {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let subject = format!("{session:?}-{number}");
        let sign_in = |kind: &str, issued_at: i64| {
            let claims = json!({"scope": scope, "token_use": kind});
            let body = json!({"subject": subject, "claims": claims, "issuedAt": issued_at});
            self.stack.sign_in_with(body)
        };
        let (mut access, mut id) = (sign_in("access", now()).await, sign_in("id", now()).await);
        let acs_token = self.stack.acs_token(&access).await;
        let operation = match session {
            Session::Suspended => Some("suspend"),
            Session::Ended => Some("revoke"),
            Session::Deleted => Some("delete"),
            _ => None,
        };
        if let Some(operation) = operation {
            let users = json!([{ "subject": subject }]);
            let response = self.stack.operate(operation, &self.root, &users).await;
            assert_eq!(response.outcomes(), ["done"]);
        }
        if session == Session::Expired {
            let hours_ago = now() - 2 * 60 * 60;
            (access, id) = (sign_in("access", hours_ago).await, sign_in("id", hours_ago).await);
        }
        if session == Session::Forged {
            for Jwt(token) in [&mut access, &mut id] {
                let signature = token.len() - 8;
                let is_new = !token.ends_with("AAAAAAAA");
                token.replace_range(signature.., if is_new { "AAAAAAAA" } else { "BBBBBBBB" });
            }
        }
        User { subject, access, id, acs_token: Some(acs_token), has_ended: session.has_ended() }
    }

    async fn target(&self, target: Target) -> User {
        match target {
            Target::Themselves | Target::Known => self.user(Session::Active, None).await,
            Target::Deleted => self.user(Session::Deleted, None).await,
            Target::Unknown => {
                let user = Jwt(String::new());
                let subject = "nobody has heard of them".to_owned();
                User { subject, access: user.clone(), id: user, acs_token: None, has_ended: false }
            }
        }
    }

    async fn send(&self, cell: Cell, caller: &User, about: &str) -> Response {
        let (method, path) = cell.route.request();
        let is_about_others = cell.target != Target::Themselves;
        let body = if cell.route.is_operators() {
            Some(json!({"users": [{ "subject": about }]}))
        } else if cell.route == Route::Issue && is_about_others {
            Some(json!({ "subject": about }))
        } else {
            None
        };
        let mut request = if body.is_none() && is_about_others {
            let about = about.replace(' ', "%20");
            self.stack.request(method, &format!("{path}?subject={about}"))
        } else {
            self.stack.request(method, path)
        };
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let token = match cell.kind {
            Kind::Access => &caller.access.0,
            Kind::Id => &caller.id.0,
            Kind::Acs => caller.acs_token.as_ref().expect("each caller has had one"),
        };
        if cell.session != Session::None {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.stack.send(request).await
    }

    /// Returns all that a request could change. A token that was minted before the record was read,
    /// and discarded, is nobody's.
    async fn state(&self) -> (BTreeMap<RecordKey, Record>, Vec<KnownIdentity>) {
        let identities = self.stack.acs().identities().await.into_iter();
        let identities = identities.map(|one| KnownIdentity { tokens_issued: 0, ..one }).collect();
        (table::rows(&self.stack).await, identities)
    }
}

/// Returns a response without what differs between any two requests.
fn comparable(response: &Response) -> (StatusCode, Vec<(String, String)>, Value) {
    let headers = response.headers.iter().filter(|(name, _)| {
        !["date", "apigw-requestid", "content-length"].contains(&name.as_str())
    });
    let headers = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let mut body = response.json();
    if let Some(problem) = body.as_object_mut() {
        problem.remove("requestId");
    }
    (response.status, headers, body)
}
