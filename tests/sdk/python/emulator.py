"""The emulator under test, and how the programs here say what they expected of it.

Environment: COMMUNICATION_SERVICES_CONNECTION_STRING, COMMUNICATION_SERVICES_ENDPOINT and
COMMUNICATION_SERVICES_ACCESSKEY as in Microsoft's quickstarts, EMULATOR_CONTROL the URL of the
emulator's control surface. Over plain http the endpoint and key are used, because
`from_connection_string` of every Python SDK turns http into https.
"""

import base64
import contextlib
import inspect
import json
import os
import sys
import urllib.request
from datetime import datetime, timedelta, timezone

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

ENDPOINT = os.environ["COMMUNICATION_SERVICES_ENDPOINT"]
FOREIGN_IDENTITY = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
WRONG_KEY = base64.b64encode(b"no key of this resource, 32 long").decode()


@contextlib.asynccontextmanager
async def clients(kind):
    """A client of the SDK's class `kind` with the right key, and one with a wrong key."""
    if ENDPOINT.startswith("https:"):
        right = kind.from_connection_string(os.environ["COMMUNICATION_SERVICES_CONNECTION_STRING"])
    else:
        right = kind(ENDPOINT, os.environ["COMMUNICATION_SERVICES_ACCESSKEY"])
    wrong = kind(ENDPOINT, WRONG_KEY)
    try:
        yield right, wrong
    finally:
        for client in (right, wrong):
            if hasattr(client, "__aexit__"):  # the asynchronous ones; the others close themselves
                await client.__aexit__()


async def settled(result):
    """The result of an SDK call, made by the synchronous client or by the asynchronous one."""
    return await result if inspect.isawaitable(result) else result


def check(holds, sentence, found=None):
    """Ends the program unless the sentence holds."""
    if not holds:
        sys.exit(f"not ok {sentence}: found {found!r}")
    print(f"ok {sentence}", flush=True)


async def check_refused(call, kind, code, sentence):
    """The SDK must raise `kind` itself, no subclass of it, with the service's error code."""
    try:
        result = await settled(call())
    except HttpResponseError as error:
        found = (type(error), error.error.code if error.error else None)
        check(found == (kind, code), sentence, error)
    else:
        check(False, sentence, result)


async def check_invalid(call, sentence):
    await check_refused(call, HttpResponseError, "ValidationError", sentence)


async def check_not_owned(call, sentence):
    await check_refused(call, ClientAuthenticationError, "IdentityNotOwned", sentence)


async def check_denied(call, sentence):
    await check_refused(call, ClientAuthenticationError, "Denied", sentence)


async def check_gone(call, sentence):
    await check_refused(call, ResourceNotFoundError, "IdentityNotFound", sentence)


def check_active(token, identity, scopes, sentence):
    state = introspect(token)
    found = state.get("token", {})
    holds = state["active"] and found.get("identity") == identity and found.get("scopes") == scopes
    check(holds, sentence, state)


def check_dead(token, reason, sentence):
    state = introspect(token)
    check(state == {"active": False, "reason": reason}, sentence, state)


def check_lifetime(expires_on, hours, sentence):
    """SDKs give the expiry as a datetime or as the service's text, which has up to seven digits of fraction."""
    if isinstance(expires_on, str):
        expires_on = datetime.fromisoformat(expires_on[:19]).replace(tzinfo=timezone.utc)
    left = expires_on - datetime.now(timezone.utc)
    check(abs(left - timedelta(hours=hours)) < timedelta(minutes=1), sentence, left)


def introspect(token):
    return control("introspect", {"token": token})


def advance_clock(hours):
    control("clock", {"advanceSeconds": hours * 3600})


def control(path, body):
    request = urllib.request.Request(
        f"{os.environ['EMULATOR_CONTROL']}/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
