"""A token endpoint as Microsoft and AWS recommend it: clients made once, outside the handler, which
keep their connections. It neither creates identities nor revokes."""

import json
import os
from datetime import timedelta

import boto3
from azure.communication.identity import (
    CommunicationIdentityClient,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
)

table = boto3.client("dynamodb")
acs = CommunicationIdentityClient.from_connection_string(os.environ["ACS_CONNECTION_STRING"])


def handle(event, _context):
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    row = table.get_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"id": {"S": f"user {claims['iss']} {claims['sub']}"}},
        ConsistentRead=True,
    )
    identity = row.get("Item", {}).get("identity", {}).get("S")
    if identity is None:
        return {"statusCode": 404, "body": "{}"}
    scopes = [CommunicationTokenScope.CHAT, CommunicationTokenScope.VOIP]
    issued = acs.get_token(CommunicationUserIdentifier(identity), scopes, token_expires_in=timedelta(hours=1))
    body = {"token": issued.token, "expiresOn": issued.expires_on, "user": {"communicationUserId": identity}}
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
    }
