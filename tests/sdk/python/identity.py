"""A user's whole life with azure-communication-identity.

    identity.py sync|aio
"""

import asyncio
import importlib.metadata
import sys
from datetime import timedelta

import emulator
from emulator import check, check_active, check_dead, check_lifetime, settled

if sys.argv[1] == "aio":
    from azure.communication.identity.aio import CommunicationIdentityClient
else:
    from azure.communication.identity import CommunicationIdentityClient
from azure.communication.identity import CommunicationUserIdentifier

VERSION = tuple(map(int, importlib.metadata.version("azure-communication-identity").split(".")))
HAS_LIFETIMES = VERSION >= (1, 2)  # api-version 2022-10-01
HAS_MEETING_SCOPES = VERSION >= (1, 4)  # api-version 2023-10-01


async def main():
    async with emulator.clients(CommunicationIdentityClient) as (client, wrong):
        await life(client)
        if HAS_LIFETIMES:
            await lifetimes(client)
        if HAS_MEETING_SCOPES:
            await meeting_scopes(client)
        await refusals(client, wrong)
        await old_age(client)


async def life(client):
    user = await settled(client.create_user())
    id = user.properties["id"]
    check(id.startswith("8:acs:"), "create_user gives an identity", id)
    first = await settled(client.get_token(user, ["chat", "voip"]))
    check_active(first.token, id, ["chat", "voip"], "get_token gives an active token with the scopes asked for")
    check_lifetime(first.expires_on, 24, "a token lives for 24 hours unless asked otherwise")
    other, others = await settled(client.create_user_and_token(["voip"]))
    check_active(others.token, other.properties["id"], ["voip"], "create_user_and_token gives both at once")
    check(other.properties["id"] != id, "each creation makes another identity", id)

    await settled(client.revoke_tokens(user))
    check_dead(first.token, "revoked", "revoke_tokens kills the token issued before it")
    check_active(others.token, other.properties["id"], ["voip"], "the other user's token survives that")
    second = await settled(client.get_token(user, ["chat"]))
    check_active(second.token, id, ["chat"], "a token issued after the revocation is active")
    check_dead(first.token, "revoked", "the revoked token stays dead")

    await settled(client.delete_user(user))
    check_dead(second.token, "identityDeleted", "delete_user kills the user's tokens")
    await emulator.check_gone(lambda: client.get_token(user, ["chat"]), "a deleted user gets no token")
    check_active(others.token, other.properties["id"], ["voip"], "the other user's token survives that too")


async def lifetimes(client):
    user, token = await settled(client.create_user_and_token(["chat"], token_expires_in=timedelta(minutes=90)))
    check_lifetime(token.expires_on, 1.5, "create_user_and_token gives the lifetime asked for")
    for hours in (1, 24):
        token = await settled(client.get_token(user, ["chat"], token_expires_in=timedelta(hours=hours)))
        check_lifetime(token.expires_on, hours, f"get_token gives {hours} h when asked for them")
    for minutes in (59, 1441):
        lifetime = timedelta(minutes=minutes)
        await emulator.check_invalid(
            lambda lifetime=lifetime: client.get_token(user, ["chat"], token_expires_in=lifetime),
            f"get_token refuses {minutes} minutes",
        )
        await emulator.check_invalid(
            lambda lifetime=lifetime: client.create_user_and_token(["chat"], token_expires_in=lifetime),
            f"create_user_and_token refuses {minutes} minutes",
        )


async def meeting_scopes(client):
    scopes = ["chat.join", "chat.join.limited", "voip.join"]
    user, token = await settled(client.create_user_and_token(scopes))
    check_active(token.token, user.properties["id"], scopes, "the scopes for joining only are known")


async def refusals(client, wrong):
    user = await settled(client.create_user())
    await emulator.check_invalid(lambda: client.get_token(user, []), "get_token refuses no scopes")
    await emulator.check_invalid(lambda: client.get_token(user, ["everything"]), "get_token refuses an unknown scope")
    await emulator.check_invalid(
        lambda: client.create_user_and_token(["everything"]), "create_user_and_token refuses an unknown scope"
    )

    foreign = CommunicationUserIdentifier(emulator.FOREIGN_IDENTITY)
    await emulator.check_not_owned(lambda: client.get_token(foreign, ["chat"]), "get_token refuses a foreign identity")
    await emulator.check_not_owned(lambda: client.revoke_tokens(foreign), "revoke_tokens refuses a foreign identity")
    await emulator.check_not_owned(lambda: client.delete_user(foreign), "delete_user refuses a foreign identity")

    await emulator.check_denied(wrong.create_user, "create_user with a wrong key is an authentication error")
    await emulator.check_denied(
        lambda: wrong.get_token(user, ["chat"]), "get_token with a wrong key is an authentication error"
    )


async def old_age(client):
    """Comes last: the clock does not go back."""
    user, token = await settled(client.create_user_and_token(["chat"]))
    emulator.advance_clock(hours=23)
    check_active(token.token, user.properties["id"], ["chat"], "after 23 hours the token is active")
    emulator.advance_clock(hours=1)
    check_dead(token.token, "expired", "after 24 hours it is not")


asyncio.run(main())
