// The steps behind a row: what the parts did for it, in order.

import * as api from "./api.js";
import { copy, h, mark } from "./dom.js";

const known = new Map();

/** Forgets what was loaded, when another stack has other rows. */
export function forget() {
  known.clear();
}

/** Returns a row's steps; `onLoaded` is called when they came. */
export function element(row, onLoaded) {
  if (!known.has(row.seq)) {
    known.set(row.seq, null);
    load(row.seq).then(onLoaded);
  }
  const detail = known.get(row.seq);
  const link = h("a", { href: `#row-${row.seq}`, "data-key": `link-${row.seq}` }, `link to row ${row.seq}`);
  if (detail === null) return h("div", { class: "steps" }, h("p", { class: "quiet" }, "loading"), link);
  const steps = detail.steps ?? [];
  const none = "No steps are kept for this row.";
  return h("div", { class: "steps" },
    steps.length ? table(row, steps) : h("p", { class: "quiet" }, detail.error ?? none),
    ...(detail.log ?? []).map((line) => json(`log-${row.seq}`, "The function's log line", line)),
    h("p", {}, link));
}

async function load(seq) {
  try {
    known.set(seq, await api.row(seq));
  } catch (error) {
    known.set(seq, { error: error.message });
  }
}

function table(row, steps) {
  const head = ["Part", "Step", "Result", "ms"].map((name) => h("th", { scope: "col" }, name));
  return h("table", {},
    h("caption", { class: "hidden" }, `Steps of row ${row.seq}, in order`),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...steps.flatMap((step, index) => drawStep(row, step, index))));
}

function drawStep(row, step, index) {
  const attempt = step.attempt > 1 ? ` (attempt ${step.attempt})` : "";
  const key = `step-${row.seq}-${index}`;
  const bodies = [["Request", step.request], ["Response", step.response]].filter(([, body]) => body !== undefined);
  return h("tr", {},
    h("td", {}, step.part),
    h("td", {}, `${step.what}${attempt}`, ...bodies.map(([name, body]) => json(`${key}-${name}`, name, body))),
    h("td", {}, mark(step.result, step.succeeded ? "good" : "bad")),
    h("td", { class: "number", title: `began after ${step.atMs} ms` }, String(step.tookMs)));
}

const opened = new Set();

/** Returns a body that opens; it stays open when the rows are drawn again. */
function json(key, name, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const details = h("details", { open: opened.has(key), ontoggle: () => (details.open ? opened.add(key) : opened.delete(key)) },
    h("summary", { "data-key": key }, name),
    h("pre", { tabindex: "0", "aria-label": name }, text),
    h("button", { type: "button", class: "small", "data-key": `copy-${key}`, onclick: (event) => copy(text, event.target) }, "Copy"));
  return details;
}
