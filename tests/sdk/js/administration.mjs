// A user's whole life with @azure/communication-administration, the package of the first quickstart.

import {
  advanceClock,
  check,
  checkActive,
  checkDead,
  checkLifetime,
  checkRefused,
  clientOptions,
  connectionString,
  connectionStringWithWrongKey,
  foreignIdentity,
} from "./emulator.mjs";
import { sdk } from "./sdk.mjs";

const { CommunicationIdentityClient } = sdk("@azure/communication-administration");
const client = new CommunicationIdentityClient(connectionString, clientOptions);
const wrong = new CommunicationIdentityClient(connectionStringWithWrongKey, clientOptions);

await life();
await refusals();
await oldAge();

async function life() {
  const user = await client.createUser();
  const id = user.communicationUserId;
  check("createUser gives an identity", id.startsWith("8:acs:"), true);
  const first = await client.issueToken(user, ["chat", "voip"]);
  check("issueToken says whose token it is", first.user.communicationUserId, id);
  await checkActive("issueToken gives an active token with the scopes asked for", first.token, id, ["chat", "voip"]);
  checkLifetime("a token lives for 24 hours", first.expiresOn, 24);
  const other = await client.createUser();
  const others = await client.issueToken(other, ["voip"]);
  check("each creation makes another identity", other.communicationUserId === id, false);

  await client.revokeTokens(user, new Date(Date.now() - 3_600_000));
  await checkActive("revokeTokens with an instant spares tokens issued after it", first.token, id, ["chat", "voip"]);
  await client.revokeTokens(user);
  await checkDead("revokeTokens without one kills the token issued before it", first.token, "revoked");
  await checkActive("the other user's token survives that", others.token, other.communicationUserId, ["voip"]);
  const second = await client.issueToken(user, ["chat"]);
  await checkActive("a token issued after the revocation is active", second.token, id, ["chat"]);

  await client.deleteUser(user);
  await checkDead("deleteUser kills the user's tokens", second.token, "identityDeleted");
  const late = () => client.issueToken(user, ["chat"]);
  await checkRefused("a deleted user gets no token", late, 404, "IdentityNotFound");
  await checkActive("the other user's token survives that too", others.token, other.communicationUserId, ["voip"]);
}

async function refusals() {
  const user = await client.createUser();
  const refused = (sentence, call) => checkRefused(sentence, call, 400, "ValidationError");
  await refused("issueToken refuses no scopes", () => client.issueToken(user, []));
  await refused("issueToken refuses an unknown scope", () => client.issueToken(user, ["everything"]));

  const foreign = { communicationUserId: foreignIdentity };
  const notOwned = (sentence, call) => checkRefused(sentence, call, 401, "IdentityNotOwned");
  await notOwned("issueToken refuses a foreign identity", () => client.issueToken(foreign, ["chat"]));
  await notOwned("revokeTokens refuses a foreign identity", () => client.revokeTokens(foreign));
  await notOwned("deleteUser refuses a foreign identity", () => client.deleteUser(foreign));

  const denied = (sentence, call) => checkRefused(sentence, call, 401, "Denied");
  await denied("createUser with a wrong key is refused", () => wrong.createUser());
  await denied("issueToken with a wrong key is refused", () => wrong.issueToken(user, ["chat"]));
}

/** Comes last: the clock does not go back. */
async function oldAge() {
  const user = await client.createUser();
  const { token } = await client.issueToken(user, ["chat"]);
  await advanceClock(23);
  await checkActive("after 23 hours the token is active", token, user.communicationUserId, ["chat"]);
  await advanceClock(1);
  await checkDead("after 24 hours it is not", token, "expired");
}
