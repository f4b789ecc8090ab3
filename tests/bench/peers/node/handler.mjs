// A token endpoint as Microsoft and AWS recommend it: clients made once, outside the handler, which
// keep their connections. It neither creates identities nor revokes.
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { CommunicationIdentityClient } from "@azure/communication-identity";

const table = new DynamoDBClient({});
const acs = new CommunicationIdentityClient(process.env.ACS_CONNECTION_STRING);

export async function handler(event) {
  const { iss, sub } = event.requestContext.authorizer.jwt.claims;
  const { Item } = await table.send(
    new GetItemCommand({
      TableName: process.env.TABLE_NAME,
      Key: { id: { S: `user ${iss} ${sub}` } },
      ConsistentRead: true,
    }),
  );
  const communicationUserId = Item?.identity?.S;
  if (!communicationUserId) return { statusCode: 404, body: "{}" };
  const { token, expiresOn } = await acs.getToken({ communicationUserId }, ["chat", "voip"], {
    tokenExpiresInMinutes: 60,
  });
  return {
    statusCode: 200,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify({ token, expiresOn, user: { communicationUserId } }),
  };
}
