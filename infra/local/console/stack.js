// The stack as a whole: its clock, and its state.

import * as api from "./api.js";
import { byId, copy, now, setOffset } from "./dom.js";

let offset = 0;
let report = () => {};

/** Starts the buttons of the bar. `onChange` is called when everything may look different. */
export function start(onResult, doing, onChange) {
  report = onResult;
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => doing(() => move({ advanceSeconds: Number(button.dataset.advance) })));
  }
  byId("clock-real").addEventListener("click", () => doing(() => move({ offsetSeconds: 0, force: true })));
  byId("seed").addEventListener("click", () => doing(async () => {
    report("making users…", "wait");
    report(`${(await api.seed()).users} users in several states`, "good");
    await onChange();
  }));
  byId("reset").addEventListener("click", () => doing(async () => {
    if (!confirm("Forget all users, identities, tokens, sessions and faults?")) return;
    await api.reset();
    report("everything is forgotten", "good");
    await onChange();
  }));
  byId("import").addEventListener("click", () => byId("import-file").click());
  byId("import-file").addEventListener("change", () => doing(async () => {
    const [file] = byId("import-file").files;
    byId("import-file").value = "";
    if (!file || !confirm("Replace all users, identities and tokens by those of the file?")) return;
    const { rows } = await api.importState(await file.text());
    report(`imported: ${rows} rows of the table`, "good");
    await onChange();
  }));
  byId("copy-curl").addEventListener("click", (event) => copy(`curl -sS ${location.origin}/dev`, event.target));
  setInterval(tick, 1000);
  doing(load);
}

/** Reads the clock again. */
export async function load() {
  show(await api.clock());
}

async function move(body) {
  const moved = await api.setClock(body);
  show(moved);
  const parts = [`it is ${new Date(moved.now).toLocaleString()} now`];
  if (moved.expiredRows) parts.push(`rows expired: ${moved.expiredRows}`);
  const swept = Object.entries(moved.sweep ?? {}).filter(([, count]) => count);
  parts.push(...swept.map(([name, count]) => `sweep ${name} ${count}`));
  report(parts.join("; "), "good");
}

function show(clock) {
  offset = clock.offsetSeconds;
  setOffset(offset);
  for (const button of document.querySelectorAll("[data-advance], #clock-real")) button.disabled = !clock.canMove;
  byId("clock-real").disabled = !clock.canMove || offset === 0;
  byId("clock-why").hidden = clock.canMove;
  tick();
}

function tick() {
  const date = new Date(now());
  const day = offset === 0 ? "" : `${date.toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" })} `;
  byId("clock").textContent = day + date.toLocaleTimeString([], { hour12: false });
  byId("clock").title = offset === 0 ? "the time of this machine" : `${offset} s ahead of this machine`;
}
