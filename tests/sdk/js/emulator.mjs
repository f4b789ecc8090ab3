// The emulator under test, and how the programs here say what they expected of it.
//
// Environment: COMMUNICATION_SERVICES_CONNECTION_STRING as in Microsoft's quickstarts,
// EMULATOR_CONTROL the URL of the emulator's control surface.

import { inspect, isDeepStrictEqual } from "node:util";

export const connectionString = process.env.COMMUNICATION_SERVICES_CONNECTION_STRING;
export const connectionStringWithWrongKey = connectionString.replace(
  /accesskey=.*$/i,
  `accesskey=${Buffer.from("no key of this resource, 32 long").toString("base64")}`,
);
export const foreignIdentity =
  "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000";
/** The newer SDK speaks plain http only when told to. */
export const clientOptions = { allowInsecureConnection: connectionString.includes("=http:") };

/** Ends the program unless the sentence holds. */
export function check(sentence, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    throw new Error(`not ok ${sentence}: expected ${inspect(expected)}, found ${inspect(found)}`);
  }
  console.log(`ok ${sentence}`);
}

/** The SDK must throw its RestError with the service's status and error code. */
export async function checkRefused(sentence, call, status, code) {
  const error = await failure(call);
  const found = { name: error?.name, status: error?.statusCode, code: error?.code };
  check(sentence, found, { name: "RestError", status, code });
}

export async function checkActive(sentence, token, identity, scopes) {
  const state = await introspect(token);
  const found = { active: state.active, identity: state.token?.identity, scopes: state.token?.scopes };
  check(sentence, found, { active: true, identity, scopes });
}

export async function checkDead(sentence, token, reason) {
  check(sentence, await introspect(token), { active: false, reason });
}

export function checkLifetime(sentence, expiresOn, hours) {
  check(sentence, Math.round((expiresOn - Date.now()) / 60_000), hours * 60);
}

export const advanceClock = (hours) => control("clock", { advanceSeconds: hours * 3600 });

const introspect = (token) => control("introspect", { token });

async function control(path, body) {
  const answer = await fetch(`${process.env.EMULATOR_CONTROL}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}
