// The token refresher that docs/clients.md shows; `app.mjs` uses it.

// The page begins
import { AzureCommunicationTokenCredential } from "@azure/communication-common";

/** `session` is a function: it returns the app's own access token, renewed if need be. */
export function communicationCredential(broker, session) {
  return new AzureCommunicationTokenCredential({
    refreshProactively: true,
    tokenRefresher: (abortSignal) => fetchToken(broker, session, abortSignal),
  });
}

async function fetchToken(broker, session, signal) {
  for (let attempt = 1; ; attempt += 1) {
    const headers = { authorization: `Bearer ${await session()}` };
    const response = await fetch(`${broker}/v1/token`, { method: "POST", headers, signal });
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body.token;
    // The gateway's own 429 does not say how long.
    const seconds = Number(response.headers.get("retry-after") ?? (response.status === 429 ? 1 : 0));
    if (seconds === 0 || attempt === 3) {
      const reason = { status: response.status, code: body.code };
      throw Object.assign(new Error(body.title ?? "The broker gives no token"), reason);
    }
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}
// The page ends
