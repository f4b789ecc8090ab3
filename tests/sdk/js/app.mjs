// An app that uses Microsoft's package as docs/clients.md shows. `tests/e2e/refresher.rs` lays both files beside
// the package's node_modules.
//
// Environment: BROKER the URL of `make run`, EMULATOR_CONTROL as in emulator.mjs.

import { check, checkActive, checkDead } from "./emulator.mjs";
import { communicationCredential } from "./refresher.mjs";

const broker = process.env.BROKER;
// A proactive credential also fetches in the background, and nobody awaits that.
process.on("unhandledRejection", (error) => {
  if (error.code !== "sign_in_again") throw error;
});

let session = await signIn(0);
const credential = communicationCredential(broker, () => session);

const first = await credential.getToken();
const payload = JSON.parse(Buffer.from(first.token.split(".")[1], "base64url"));
const identity = `8:${payload.skypeid}`;
await checkActive("the credential holds a token of the user", first.token, identity, ["chat", "voip"]);
check("the credential knows when it ends", first.expiresOnTimestamp, payload.exp * 1000);
check("a token that lives on is not fetched again", (await credential.getToken()).token, first.token);
credential.dispose();

const throttled = { operation: "issue", effect: { status: 429, retryAfter: 1 }, times: 3 };
await fetch(`${process.env.EMULATOR_CONTROL}/faults`, { method: "POST", body: JSON.stringify(throttled) });
const patient = await tokenOfNewCredential();
await checkActive("the refresher waits as long as the broker says", patient, identity, ["chat", "voip"]);

await signOutEverywhere();
await checkDead("a revocation reaches the token in the app's hands", patient, "revoked");
const refused = await tokenOfNewCredential().catch((error) => error);
check("an old session is told to sign in again", [refused.status, refused.code], [401, "sign_in_again"]);

session = await signIn(1);
await checkActive("after a new sign-in there is a token again", await tokenOfNewCredential(), identity, ["chat", "voip"]);

async function tokenOfNewCredential() {
  const credential = communicationCredential(broker, () => session);
  try {
    return (await credential.getToken()).token;
  } finally {
    credential.dispose();
  }
}

/** Signs in so many seconds from now: a revocation ends the sessions of its own second too. */
async function signIn(seconds) {
  const authTime = Math.floor(Date.now() / 1000) + seconds;
  const body = JSON.stringify({ subject: "alice", authTime });
  const answer = await fetch(`${broker}/dev/sign-in`, { method: "POST", body });
  return (await answer.json()).token;
}

async function signOutEverywhere() {
  const headers = { authorization: `Bearer ${session}` };
  const answer = await fetch(`${broker}/v1/token`, { method: "DELETE", headers });
  check("the user is signed out everywhere", answer.status, 204);
}
