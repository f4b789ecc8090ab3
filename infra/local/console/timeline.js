// What happened: live rows, newest first, each of which opens into its steps.

import { announce, byId, counted, download, h, mark, render, time } from "./dom.js";
import * as steps from "./steps.js";

const MAX_ROWS = 2000;
const MAX_SHOWN = 200;
const LINK = /^#row-(\d+)$/;
const OUTCOMES = { done: "good", revoked: "good", suspended: "good", unsuspended: "good", deleted: "good", refused: "bad", failed: "bad", rejected: "bad", deferred: "wait", skipped: "none" };

let rows = [];
let dropped = 0;
let isPaused = false;
let subject = null;
let isDrawn = true;
let linked = null;
const open = new Set();

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
  byId("export").addEventListener("click", () => download("timeline.json", JSON.stringify(fitting(), null, 2), "application/json"));
  addEventListener("hashchange", follow);
  const stream = new EventSource("/dev/timeline/stream");
  stream.addEventListener("open", () => onLamp("ready", "good"));
  stream.addEventListener("error", () => onLamp("no connection: is make run still running?", "bad"));
  stream.addEventListener("restart", () => {
    rows = [];
    dropped = 0;
    open.clear();
    steps.forget();
    drawSoon();
  });
  stream.addEventListener("gap", (event) => { dropped += JSON.parse(event.data).dropped; });
  stream.addEventListener("row", (event) => {
    const row = JSON.parse(event.data);
    rows.unshift(row);
    if (rows.length > MAX_ROWS) { rows.pop(); dropped += 1; }
    onRow(row);
    drawSoon();
  });
  follow();
}

/** Shows whom "only this user" means. */
export function show(newSubject) {
  subject = newSubject;
  if (byId("only-user").checked) draw();
}

/** Opens the row that the address names. */
function follow() {
  linked = Number(LINK.exec(location.hash)?.[1]) || null;
  if (linked) open.add(linked);
  drawSoon();
}

function drawSoon() {
  if (isPaused || !isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(draw);
}

function fitting() {
  const kind = byId("kind").value;
  const isOnly = byId("only-user").checked;
  return rows.filter((row) => (!kind || row.kind === kind) && (!isOnly || row.subject === subject));
}

function draw() {
  isDrawn = true;
  const all = fitting();
  const newest = all.slice(0, MAX_SHOWN);
  const older = all.slice(MAX_SHOWN).find((row) => row.seq === linked);
  render(byId("rows"), (older ? [...newest, older] : newest).map(drawRow));
  byId("rows-empty").hidden = all.length > 0;
  byId("gap").hidden = dropped === 0 && all.length <= MAX_SHOWN;
  byId("gap").textContent = `${counted(Math.max(0, all.length - MAX_SHOWN), "older row")} not shown, ${dropped} no longer kept.`;
  const target = linked && byId(`row-${linked}`);
  if (target) {
    target.scrollIntoView({ block: "nearest" });
    linked = null;
  }
}

/** Returns how a row ended, in words: `401 sign_in_again`. */
export function ending(row) {
  const parts = [row.status, row.code ?? (row.status ? null : row.outcome)].filter(Boolean);
  if (row.code && !row.status) parts.unshift(row.outcome);
  const died = row.tokensDied ? `, ${counted(row.tokensDied, "token")} died` : "";
  return [...new Set(parts)].join(" ") + died;
}

function drawRow(row) {
  const isOpen = open.has(row.seq);
  const toggle = h("button", {
    type: "button", class: "link title", "data-key": `row-${row.seq}`, "aria-expanded": String(isOpen),
    onclick: () => {
      if (isOpen) open.delete(row.seq);
      else open.add(row.seq);
      draw();
    },
  }, row.title);
  return h("li", { id: `row-${row.seq}` },
    h("p", { class: "head" }, time(row.at), toggle, row.subject ? h("span", { class: "quiet subject" }, row.subject) : null),
    h("p", { class: "head" }, mark(ending(row), OUTCOMES[row.outcome] ?? "none"), h("span", { class: "quiet" }, row.tookMs ? `${row.tookMs} ms` : "")),
    row.sentence ? h("p", {}, row.sentence) : null,
    row.remedy ? h("p", { class: "remedy" }, `Remedy: ${row.remedy}`) : null,
    isOpen ? steps.element(row, drawSoon) : null);
}

/** Tells a screen reader about a refusal or a revocation. */
export function tell(row) {
  if (row.kind !== "sign-in") announce(`${row.title}: ${ending(row)}. ${row.sentence ?? ""}`);
}
