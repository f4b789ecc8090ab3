// What happened: live rows, newest first.

import { announce, byId, copy, h, mark, render, time } from "./dom.js";

const MAX_ROWS = 2000;
const MAX_SHOWN = 200;
const OUTCOMES = { done: "good", revoked: "good", suspended: "good", unsuspended: "good", deleted: "good", refused: "bad", failed: "bad", rejected: "bad", deferred: "wait", skipped: "none" };

let rows = [];
let dropped = 0;
let isPaused = false;
let subject = null;
let isDrawn = true;

/** Starts the stream. `onRow` gets each new row. */
export function start(onRow, onLamp) {
  byId("kind").addEventListener("change", draw);
  byId("only-user").addEventListener("change", draw);
  byId("pause").addEventListener("click", () => {
    isPaused = !isPaused;
    byId("pause").setAttribute("aria-pressed", String(isPaused));
    byId("pause").textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) draw();
  });
  byId("export").addEventListener("click", (event) => copy(JSON.stringify(shown(), null, 2), event.target));
  const stream = new EventSource("/dev/timeline/stream");
  stream.addEventListener("open", () => onLamp("ready", "good"));
  stream.addEventListener("error", () => onLamp("no connection: is make run still running?", "bad"));
  stream.addEventListener("restart", () => { rows = []; dropped = 0; });
  stream.addEventListener("gap", (event) => { dropped += JSON.parse(event.data).dropped; });
  stream.addEventListener("row", (event) => {
    const row = JSON.parse(event.data);
    rows.unshift(row);
    if (rows.length > MAX_ROWS) { rows.pop(); dropped += 1; }
    onRow(row);
    drawSoon();
  });
}

/** Shows whom "only this user" means. */
export function show(newSubject) {
  subject = newSubject;
  if (byId("only-user").checked) draw();
}

function drawSoon() {
  if (isPaused || !isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(draw);
}

function shown() {
  const kind = byId("kind").value;
  const isOnly = byId("only-user").checked;
  return rows.filter((row) => (!kind || row.kind === kind) && (!isOnly || row.subject === subject));
}

function draw() {
  isDrawn = true;
  const fitting = shown();
  render(byId("rows"), fitting.slice(0, MAX_SHOWN).map(drawRow));
  byId("rows-empty").hidden = fitting.length > 0;
  byId("gap").hidden = dropped === 0 && fitting.length <= MAX_SHOWN;
  byId("gap").textContent = `${Math.max(0, fitting.length - MAX_SHOWN)} older rows are not shown, ${dropped} are no longer kept.`;
}

/** Returns how a row ended, in words: `401 sign_in_again`. */
export function ending(row) {
  const parts = [row.status, row.code ?? (row.status ? null : row.outcome)].filter(Boolean);
  if (row.code && !row.status) parts.unshift(row.outcome);
  const died = row.tokensDied ? `, ${row.tokensDied} ${row.tokensDied === 1 ? "token" : "tokens"} died` : "";
  return [...new Set(parts)].join(" ") + died;
}

function drawRow(row) {
  const state = OUTCOMES[row.outcome] ?? "none";
  return h("li", { id: `row-${row.seq}` },
    h("p", { class: "head" },
      time(row.at), h("strong", {}, row.title), row.subject ? h("span", { class: "quiet" }, row.subject) : null),
    h("p", { class: "head" }, mark(ending(row), state), h("span", { class: "quiet" }, row.tookMs ? `${row.tookMs} ms` : "")),
    row.sentence ? h("p", {}, row.sentence) : null);
}

/** Tells a screen reader about a refusal or a revocation. */
export function tell(row) {
  if (row.kind !== "sign-in") announce(`${row.title}: ${ending(row)}. ${row.sentence ?? ""}`);
}
