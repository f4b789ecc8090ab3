// A user's whole life with @azure/communication-identity.

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

const { CommunicationIdentityClient } = sdk("@azure/communication-identity");
const client = new CommunicationIdentityClient(connectionString, clientOptions);
const wrong = new CommunicationIdentityClient(connectionStringWithWrongKey, clientOptions);

await life();
await lifetimes();
await meetingScopes();
await refusals();
await oldAge();

async function life() {
  const user = await client.createUser();
  const id = user.communicationUserId;
  check("createUser gives an identity", id.startsWith("8:acs:"), true);
  const first = await client.getToken(user, ["chat", "voip"]);
  await checkActive("getToken gives an active token with the scopes asked for", first.token, id, ["chat", "voip"]);
  checkLifetime("a token lives for 24 hours unless asked otherwise", first.expiresOn, 24);
  const others = await client.createUserAndToken(["voip"]);
  const other = others.user.communicationUserId;
  await checkActive("createUserAndToken gives both at once", others.token, other, ["voip"]);
  check("each creation makes another identity", other === id, false);

  await client.revokeTokens(user);
  await checkDead("revokeTokens kills the token issued before it", first.token, "revoked");
  await checkActive("the other user's token survives that", others.token, other, ["voip"]);
  const second = await client.getToken(user, ["chat"]);
  await checkActive("a token issued after the revocation is active", second.token, id, ["chat"]);
  await checkDead("the revoked token stays dead", first.token, "revoked");

  await client.deleteUser(user);
  await checkDead("deleteUser kills the user's tokens", second.token, "identityDeleted");
  const late = () => client.getToken(user, ["chat"]);
  await checkRefused("a deleted user gets no token", late, 404, "IdentityNotFound");
  await checkActive("the other user's token survives that too", others.token, other, ["voip"]);
}

async function lifetimes() {
  const created = await client.createUserAndToken(["chat"], { tokenExpiresInMinutes: 90 });
  checkLifetime("createUserAndToken gives the lifetime asked for", created.expiresOn, 1.5);
  for (const hours of [1, 24]) {
    const token = await client.getToken(created.user, ["chat"], { tokenExpiresInMinutes: hours * 60 });
    checkLifetime(`getToken gives ${hours} h when asked for them`, token.expiresOn, hours);
  }
  for (const tokenExpiresInMinutes of [59, 1441]) {
    const get = () => client.getToken(created.user, ["chat"], { tokenExpiresInMinutes });
    await checkRefused(`getToken refuses ${tokenExpiresInMinutes} minutes`, get, 400, "ValidationError");
    const create = () => client.createUserAndToken(["chat"], { tokenExpiresInMinutes });
    await checkRefused(`createUserAndToken refuses ${tokenExpiresInMinutes} minutes`, create, 400, "ValidationError");
  }
}

async function meetingScopes() {
  const scopes = ["chat.join", "chat.join.limited", "voip.join"];
  const { user, token } = await client.createUserAndToken(scopes);
  await checkActive("the scopes for joining only are known", token, user.communicationUserId, scopes);
}

async function refusals() {
  const user = await client.createUser();
  const refused = (sentence, call) => checkRefused(sentence, call, 400, "ValidationError");
  await refused("getToken refuses no scopes", () => client.getToken(user, []));
  await refused("getToken refuses an unknown scope", () => client.getToken(user, ["everything"]));
  await refused("createUserAndToken refuses an unknown scope", () => client.createUserAndToken(["everything"]));

  const foreign = { communicationUserId: foreignIdentity };
  const notOwned = (sentence, call) => checkRefused(sentence, call, 401, "IdentityNotOwned");
  await notOwned("getToken refuses a foreign identity", () => client.getToken(foreign, ["chat"]));
  await notOwned("revokeTokens refuses a foreign identity", () => client.revokeTokens(foreign));
  await notOwned("deleteUser refuses a foreign identity", () => client.deleteUser(foreign));

  const denied = (sentence, call) => checkRefused(sentence, call, 401, "Denied");
  await denied("createUser with a wrong key is refused", () => wrong.createUser());
  await denied("getToken with a wrong key is refused", () => wrong.getToken(user, ["chat"]));
}

/** Comes last: the clock does not go back. */
async function oldAge() {
  const { user, token } = await client.createUserAndToken(["chat"]);
  await advanceClock(23);
  await checkActive("after 23 hours the token is active", token, user.communicationUserId, ["chat"]);
  await advanceClock(1);
  await checkDead("after 24 hours it is not", token, "expired");
}
