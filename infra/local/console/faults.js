// Faults of each part as switches, the counters, and sweep.

import * as api from "./api.js";
import { byId, h, render } from "./dom.js";

/** The stack's own, whose name has the address and never localhost. */
const ISSUER = location.origin.replace("localhost", "127.0.0.1");

const CHOICES = [
  ["ACS", "Key refused", "every call gets 401", { effect: { status: 401 } }],
  ["ACS", "Forbidden", "every call gets 403", { effect: { status: 403 } }],
  ["ACS", "Throttled", "3 calls get 429, Retry-After 2 s", { effect: { status: 429, retryAfter: 2 }, times: 3 }],
  ["ACS", "Unavailable", "every call gets 503", { effect: { status: 503 } }],
  ["ACS", "Front door down", "every call gets 503 with an HTML page", { effect: { status: 503, body: "html" } }],
  ["ACS", "No response", "the next call gets none", { effect: { drop: true }, times: 1 }],
  ["ACS", "Response lost", "the next call takes effect without a response", { effect: { drop: true, when: "afterEffect" }, times: 1 }],
  ["ACS", "Response cut off", "the next response breaks off", { effect: { truncate: 10 }, times: 1 }],
  ["ACS", "Slow", "each response comes after 2 s", { effect: { delayMs: 2000 } }],
  ["ACS", "Identity forgotten", "a token is refused with 404", { operation: "issue", effect: { status: 404 } }],
  ["ACS", "Creation without token", "an identity comes without its first token", { operation: "create", effect: { omitAccessToken: true } }],
  ["ACS", "Wrong expiry", "the expiry of tokens is not a date", { effect: { corruptExpiresOn: true } }],
  ["table", "Table unavailable", "every call gets 500", { part: "table", effect: { error: "unavailable" } }],
  ["table", "Table throttled", "every call is refused for its rate", { part: "table", effect: { error: "throttled" } }],
  ["table", "Table slow", "each response comes after 0.5 s", { part: "table", effect: { delayMs: 500 } }],
  ["table", "Write unconfirmed", "the next write takes effect with an error", { part: "table", operation: "PutItem", effect: { error: "unavailable", afterEffect: true }, times: 1 }],
  ["gateway", "Gateway throttled", "every call of the API gets 429", { part: "gateway", effect: { status: 429 } }],
  ["gateway", "Gateway down", "every call of the API gets 503", { part: "gateway", effect: { status: 503 } }],
  ["gateway", "Gateway timeout", "the next call gets 503 after 30 s", { part: "gateway", effect: { status: 503, delayMs: 30000, afterEffect: true }, times: 1 }],
  ["gateway", "Gateway unsteady", "every fourth call or so gets 503", { part: "gateway", effect: { status: 503 }, rate: 0.25 }],
  ["provider", "Keys unreachable", "discovery and key set get 503: no access token can be verified", { part: "provider", effect: { unavailable: "keySet" } }],
  ["provider", "Sign-in unavailable", "every sign-in gets 503", { part: "provider", effect: { unavailable: "signIn" } }],
  ["provider", "Other key", "sign-ins are signed by a key that the key set lacks", { part: "provider", effect: { otherKey: true } }],
  ["provider", "Other issuer", "sign-ins name another issuer, by a slash at the end", { part: "provider", effect: { claims: { iss: `${ISSUER}/` } } }],
  ["provider", "No auth_time", "sign-ins do not say when the user signed in, only when the token was issued", { part: "provider", effect: { claims: { auth_time: null } } }],
  ["provider", "Clock ahead", "the provider's clock is 10 minutes ahead", { part: "provider", effect: { clockSeconds: 600 } }],
];

let inForce = [];
let report = () => {};

export function start(onResult, doing) {
  report = onResult;
  for (const group of ["ACS", "table", "gateway", "provider"]) {
    byId(`faults-${group.toLowerCase()}`).append(...CHOICES.filter(([part]) => part === group).map((choice) => drawSwitch(choice, doing)));
  }
  byId("quotas").addEventListener("click", () => doing(async () => {
    await api.setQuotas(byId("quotas").getAttribute("aria-checked") !== "true");
    await load();
  }));
  byId("faults-off").addEventListener("click", () => doing(async () => {
    await api.clearFaults();
    await load();
  }));
  byId("sweep").addEventListener("click", () => doing(async () => {
    const swept = await api.sweep();
    const counts = Object.entries(swept).filter(([, count]) => count).map(([name, count]) => `${name} ${count}`);
    report(`sweep: ${counts.join(", ") || "nothing was due"}`, "good");
  }));
  doing(load);
}

function drawSwitch([, name, meaning, fault], doing) {
  const button = h("button", {
    type: "button", role: "switch", class: "switch", "aria-checked": "false", "data-fault": signature(fault),
    onclick: () => doing(async () => {
      const active = inForce.filter((one) => signature(one) === signature(fault));
      if (active.length) await Promise.all(active.map((one) => api.removeFault(one.id)));
      else await api.addFault(fault);
      await load();
    }),
  }, name);
  return h("li", {}, button, h("span", { class: "quiet" }, ` ${meaning}`), h("span", { class: "left" }));
}

/** Returns what two faults have in common that do the same. */
function signature({ part = "acs", operation = "any", effect, rate = null }) {
  const members = Object.entries(effect).filter(([, value]) => value !== null && value !== false && value !== 0);
  return JSON.stringify([part, part === "table" && operation === "any" ? null : operation, rate, members.sort()]);
}

export async function load() {
  const [{ faults }, counters] = await Promise.all([api.faults(), api.counters()]);
  inForce = faults;
  const switches = [...document.querySelectorAll("[data-fault]")];
  for (const button of switches) {
    const fault = faults.find((one) => signature(one) === button.dataset.fault);
    button.setAttribute("aria-checked", String(fault !== undefined));
    button.parentElement.querySelector(".left").textContent = fault?.times ? ` ${fault.times} more` : "";
  }
  const others = faults.filter((fault) => !switches.some((button) => button.dataset.fault === signature(fault)));
  render(byId("faults"), others.map((fault) => h("li", {}, `${fault.part}: ${JSON.stringify(fault)}`)));
  byId("fault-count").textContent = faults.length ? `faults: ${faults.length}` : "no faults";
  byId("fault-count").dataset.state = faults.length ? "wait" : "none";
  byId("quotas").setAttribute("aria-checked", String(counters.quotas.enforce));
  drawCounters(counters);
}

function drawCounters({ acs, table, quotas }) {
  const quota = (kind) => quotas.per30Seconds[kind];
  const use = (kind) => (quota(kind) ? `${quota(kind).used} of ${quota(kind).limit}` : "");
  const ofCreate = () => `${use("create")}, with a token ${use("createWithToken")}`;
  const acsRows = Object.entries(acs).map(([kind, count]) => [`ACS ${kind}`, count.requests, kind === "create" ? ofCreate() : use(kind)]);
  const tableRows = Object.entries(table).map(([kind, count]) => [`table ${kind}`, count, ""]);
  render(byId("counters"), [...acsRows, ...tableRows].map(([name, count, used]) => h("tr", {},
    h("td", {}, name), h("td", { class: "number" }, String(count)), h("td", {}, used))));
}
