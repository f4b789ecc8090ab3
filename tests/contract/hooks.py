"""What schemathesis asks for in the course of a run: a session for each request, and a count of the responses.

The environment names the caller (CONTRACT_CALLER), the gateway (CONTRACT_GATEWAY), a prefix for the names of
the users (CONTRACT_USERS) and the file for the counts (CONTRACT_COUNTS).
"""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import requests
import schemathesis

CALLER = os.environ["CONTRACT_CALLER"]
GATEWAY = os.environ["CONTRACT_GATEWAY"]
USERS = os.environ["CONTRACT_USERS"]
# A user who asks much more often is told to wait.
REQUESTS_A_SESSION = 12
TIMEOUT_SECONDS = 30
GRANT_CODES = ("scope_not_allowed", "lifetime_not_allowed")


@dataclass
class Session:
    """A sign-in, and what the requests with it have done to it."""

    header: str | None
    requests: int = 0
    is_ended: bool = False
    was_ended: bool = False  # when the latest request was sent

    def is_used_up(self) -> bool:
        """An ended session serves one more request, which shows that it has ended."""
        return self.was_ended or self.requests >= REQUESTS_A_SESSION


class Sessions:
    """The sessions of a caller: one after the other, each of a new user."""

    def __init__(self) -> None:
        self.number = 0
        self.current = self.sign_in()

    def sign_in(self) -> Session:
        if CALLER == "nobody":
            return Session(None)
        self.number += 1
        claims = {"scope": "acs.admin"} if CALLER == "operator" else {}
        body = {"subject": f"{USERS}-{self.number}", "claims": claims}
        response = requests.post(f"{GATEWAY}/dev/sign-in", json=body, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        return Session(f"Bearer {response.json()['token']}")

    def take(self) -> Session:
        """Returns the session of the next request."""
        if self.current.is_used_up():
            self.current = self.sign_in()
        self.current.requests += 1
        self.current.was_ended = self.current.is_ended
        return self.current


sessions = Sessions()
responses: Counter[tuple[str, int]] = Counter()


@schemathesis.hook
def before_call(_context, case, kwargs) -> None:
    header = sessions.take().header
    case.headers.pop("Authorization", None)
    kwargs.get("headers", {}).pop("Authorization", None)
    if header is not None:
        case.headers["Authorization"] = header


@schemathesis.hook
def after_call(_context, case, response) -> None:
    responses[operation(case), response.status_code] += 1
    keeps_sessions = (case.query or {}).get("keepSessions") in (True, "true")
    if case.method == "DELETE" and response.status_code == 204 and not keeps_sessions:
        sessions.current.is_ended = True


@schemathesis.hook
def after_network_error(_context, case, _request) -> None:
    responses[operation(case), 0] += 1


@schemathesis.check
def session_decides(_context, response, case) -> None:
    """Each session may do what it may, and no more."""
    status, session = response.status_code, sessions.current
    if session.header is None:
        assert status == 401, "a request without a session is not refused"
        return
    if session.was_ended:
        # A revocation or deletion that changes nothing more has 204.
        assert status != 200, "an ended session gets a token or acts as an operator"
        return
    assert status != 401, "a live session is refused"
    if "/operator/" in case.path:
        assert CALLER == "operator" or status == 403, "a user acts as an operator"
        assert CALLER == "user" or status != 403, "an operator is refused"
    elif status == 403:
        assert operation(case) == "issueToken", "a user is refused"
        assert response.json()["code"] in GRANT_CODES, "a user is refused"


def operation(case) -> str:
    return case.operation.definition.raw["operationId"]


@atexit.register
def write_counts() -> None:
    counts = [[name, status, count] for (name, status), count in sorted(responses.items())]
    Path(os.environ["CONTRACT_COUNTS"]).write_text(json.dumps(counts), encoding="utf-8")
