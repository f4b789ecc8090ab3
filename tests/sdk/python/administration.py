"""A user's whole life with azure-communication-administration, the package of the first quickstart.

    administration.py sync|aio
"""

import asyncio
import sys
from datetime import datetime, timedelta, timezone

import emulator
from emulator import check, check_active, check_dead, check_lifetime, settled

if sys.argv[1] == "aio":
    from azure.communication.administration.aio import CommunicationIdentityClient
else:
    from azure.communication.administration import CommunicationIdentityClient
from azure.communication.administration import CommunicationUser


async def main():
    async with emulator.clients(CommunicationIdentityClient) as (client, wrong):
        await life(client)
        await refusals(client, wrong)
        await old_age(client)


async def life(client):
    user = await settled(client.create_user())
    id = user.identifier
    check(id.startswith("8:acs:"), "create_user gives an identity", id)
    first = await settled(client.issue_token(user, ["chat", "voip"]))
    check(first.id == id, "issue_token says whose token it is", first.id)
    check_active(first.token, id, ["chat", "voip"], "issue_token gives an active token with the scopes asked for")
    check_lifetime(first.expires_on, 24, "a token lives for 24 hours")
    other = await settled(client.create_user())
    others = await settled(client.issue_token(other, ["voip"]))
    check(other.identifier != id, "each creation makes another identity", id)

    an_hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    await settled(client.revoke_tokens(user, issued_before=an_hour_ago))
    check_active(first.token, id, ["chat", "voip"], "revoke_tokens with an instant spares tokens issued after it")
    await settled(client.revoke_tokens(user))
    check_dead(first.token, "revoked", "revoke_tokens without one kills the token issued before it")
    check_active(others.token, other.identifier, ["voip"], "the other user's token survives that")
    second = await settled(client.issue_token(user, ["chat"]))
    check_active(second.token, id, ["chat"], "a token issued after the revocation is active")

    await settled(client.delete_user(user))
    check_dead(second.token, "identityDeleted", "delete_user kills the user's tokens")
    await emulator.check_gone(lambda: client.issue_token(user, ["chat"]), "a deleted user gets no token")
    check_active(others.token, other.identifier, ["voip"], "the other user's token survives that too")


async def refusals(client, wrong):
    user = await settled(client.create_user())
    await emulator.check_invalid(lambda: client.issue_token(user, []), "issue_token refuses no scopes")
    await emulator.check_invalid(
        lambda: client.issue_token(user, ["everything"]), "issue_token refuses an unknown scope"
    )

    foreign = CommunicationUser(emulator.FOREIGN_IDENTITY)
    await emulator.check_not_owned(
        lambda: client.issue_token(foreign, ["chat"]), "issue_token refuses a foreign identity"
    )
    await emulator.check_not_owned(lambda: client.revoke_tokens(foreign), "revoke_tokens refuses a foreign identity")
    await emulator.check_not_owned(lambda: client.delete_user(foreign), "delete_user refuses a foreign identity")

    await emulator.check_denied(wrong.create_user, "create_user with a wrong key is an authentication error")
    await emulator.check_denied(
        lambda: wrong.issue_token(user, ["chat"]), "issue_token with a wrong key is an authentication error"
    )


async def old_age(client):
    """Comes last: the clock does not go back."""
    user = await settled(client.create_user())
    token = await settled(client.issue_token(user, ["chat"]))
    emulator.advance_clock(hours=23)
    check_active(token.token, user.identifier, ["chat"], "after 23 hours the token is active")
    emulator.advance_clock(hours=1)
    check_dead(token.token, "expired", "after 24 hours it is not")


asyncio.run(main())
