// The faults of ACS, the counters, and sweep.

import * as api from "./api.js";
import { byId, h, render } from "./dom.js";

const CHOICES = [
  ["Key refused", { effect: { status: 401 } }],
  ["Throttled", { effect: { status: 429, retryAfter: 2 }, times: 3 }],
  ["Unavailable", { effect: { status: 503, body: "html" } }],
  ["No response", { effect: { drop: true }, times: 1 }],
  ["Response lost", { effect: { drop: true, when: "afterEffect" }, times: 1 }],
  ["Slow, 2 s", { effect: { delayMs: 2000 }, times: 5 }],
];

let report = () => {};

export function start(onResult) {
  report = onResult;
  byId("fault-buttons").append(...CHOICES.map(([name, fault]) => h("button", {
    type: "button", onclick: () => change(() => api.addFault(fault)),
  }, name)));
  byId("faults-off").addEventListener("click", () => change(api.clearFaults));
  byId("sweep").addEventListener("click", async () => {
    const swept = await api.sweep();
    const counts = Object.entries(swept).filter(([, count]) => count).map(([name, count]) => `${name} ${count}`);
    report(`sweep: ${counts.join(", ") || "nothing was due"}`, "good");
  });
  load();
}

async function change(action) {
  await action();
  await load();
}

export async function load() {
  const [{ faults }, counters] = await Promise.all([api.faults(), api.counters()]);
  render(byId("faults"), faults.map((fault) => h("li", {}, describe(fault))));
  byId("fault-count").textContent = faults.length ? `faults: ${faults.length}` : "no faults";
  const counted = Object.entries(counters).map(([name, count]) => `${name} ${count.requests}`);
  byId("counters").textContent = counted.length ? `Calls of ACS since the start: ${counted.join(", ")}` : "";
}

function describe({ operation, effect, times, rate }) {
  const parts = Object.entries(effect).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${value}`);
  const often = times ? `${times} more` : rate ? `${rate * 100} % of the calls` : "until it is off";
  return `${operation === "any" ? "every call" : operation}: ${parts.join(", ")}; ${often}`;
}
