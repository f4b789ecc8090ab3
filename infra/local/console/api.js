// The calls of the stack.

async function call(method, path, body, headers = {}) {
  const init = { method, headers };
  if (body !== undefined) init.body = typeof body === "string" ? body : JSON.stringify(body);
  if (body !== undefined && typeof body !== "string") headers["content-type"] = "application/json";
  const response = await fetch(path, init);
  const text = await response.text();
  let json = {};
  try { json = text ? JSON.parse(text) : {}; } catch { json = { detail: text }; }
  return { ok: response.ok, status: response.status, body: json };
}

async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value);
  const response = await call("GET", `${path}?${new URLSearchParams(given)}`);
  if (!response.ok) throw new Error(response.body.detail ?? `HTTP ${response.status}`);
  return response.body;
}

async function post(path, body, method = "POST") {
  const response = await call(method, path, body);
  if (!response.ok) throw new Error(response.body.detail ?? response.body.error ?? `HTTP ${response.status}`);
  return response.body;
}

export const users = (query) => get("/dev/users", query);
export const user = (subject, issuer) => get("/dev/user", { subject, issuer });
export const signIn = (body) => post("/dev/sign-in", body);
export const operate = (body) => post("/dev/operate", body);
export const samples = (subject) => get("/dev/events/samples", { subject });
export const sendEvent = (text) => post("/dev/events", text);
export const row = (seq) => get(`/dev/timeline/${seq}`);
export const faults = () => get("/dev/faults");
export const addFault = (fault) => post("/dev/faults", fault);
export const removeFault = (id) => post(`/dev/faults/${id}`, undefined, "DELETE");
export const clearFaults = () => post("/dev/faults", undefined, "DELETE");
export const setQuotas = (enforce) => post("/dev/quotas", { enforce }, "PUT");
export const counters = () => get("/dev/counters");
export const sweep = () => post("/dev/sweep");
export const clock = () => get("/dev/clock");
export const setClock = (body) => post("/dev/clock", body, "PUT");
export const seed = () => post("/dev/seed/demo");
export const importState = (text) => post("/dev/import", text);
export const reset = () => post("/dev/reset");

/** Returns the text of a file of the page. */
export async function file(name) {
  return (await fetch(`/console/${name}`)).text();
}

/** Sends a request of the contract in a session's name. */
export function asUser(session, method, path) {
  const json = method === "POST" ? { "content-type": "application/json" } : {};
  const body = method === "POST" ? "{}" : undefined;
  return call(method, path, body, { authorization: `Bearer ${session}`, ...json });
}
