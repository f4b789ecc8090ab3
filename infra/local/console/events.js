// Events of identity providers: chosen, edited, sent; once, again, twice or late.

import * as api from "./api.js";
import { byId, h, render } from "./dom.js";

const LATE_MS = 600_000;

let samples = [];
let subject = null;
let last = null;
let report = () => {};

/** Starts the panel. `onSent` gets what came of an event. */
export function start(onSent, doing) {
  report = onSent;
  byId("events").addEventListener("toggle", () => byId("events").open && doing(load));
  byId("sample").addEventListener("change", show);
  byId("event-fresh").addEventListener("click", () => doing(load));
  byId("event-text").addEventListener("input", check);
  byId("event-send").addEventListener("click", () => doing(() => send(byId("event-text").value)));
  byId("event-again").addEventListener("click", () => doing(() => send(last)));
  byId("event-twice").addEventListener("click", () => doing(async () => {
    await send(byId("event-text").value);
    await send(last);
  }));
  byId("event-late").addEventListener("click", () => doing(() => send(late(byId("event-text").value))));
}

/** Shows the events of another user. */
export function of(newSubject) {
  if (newSubject === subject) return;
  subject = newSubject;
  byId("events").open = false;
}

/** Sends a sample about the user and now. */
export async function sendSample(name) {
  const list = (await api.samples(subject)).samples;
  await send(JSON.stringify(list.find((sample) => sample.name === name).event));
}

async function load() {
  samples = (await api.samples(subject)).samples;
  const chosen = byId("sample").value;
  const groups = Map.groupBy(samples, (sample) => sample.provider ?? "other");
  render(byId("sample"), [...groups].map(([provider, ofProvider]) => h("optgroup", { label: provider },
    ...ofProvider.map((sample) => h("option", { value: sample.name, selected: sample.name === chosen }, sample.name)))));
  show();
}

function show() {
  const sample = samples.find((one) => one.name === byId("sample").value) ?? samples[0];
  byId("sample-does").textContent = sample.reason ? `${sample.operation}: ${sample.reason}` : `operation: ${sample.operation}`;
  byId("event-text").value = JSON.stringify(sample.event, null, 2);
  check();
}

/** Marks a mistake in the JSON, and allows to send only without one. */
function check() {
  const text = byId("event-text").value;
  const wrong = mistake(text);
  byId("event-text").setAttribute("aria-invalid", String(wrong !== ""));
  byId("event-mistake").textContent = wrong;
  for (const id of ["event-send", "event-twice", "event-late"]) byId(id).disabled = wrong !== "";
}

/** Returns what is wrong with a JSON and where; empty if nothing is. */
function mistake(text) {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    const position = /position (\d+)/.exec(error.message);
    const before = text.slice(0, position ? Number(position[1]) : text.length).split("\n");
    const reason = error.message.replace(/ in JSON at position.*| \(line.*/, "");
    return `Line ${before.length}, column ${before.at(-1).length + 1}: ${reason}`;
  }
}

/** Moves every instant of an event ten minutes back. */
function late(text) {
  return text.replaceAll(/"(20\d\d-\d\d-\d\dT[\d:.]+Z)"/g, (_, instant) => JSON.stringify(new Date(Date.parse(instant) - LATE_MS).toISOString()));
}

async function send(text) {
  last = text;
  byId("event-again").disabled = false;
  await report(await api.sendEvent(text));
}
