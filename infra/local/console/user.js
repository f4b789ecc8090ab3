// One user: sessions, tokens, events, operations, record.

import * as api from "./api.js";
import { byId, copy, h, left, mark, render, time } from "./dom.js";
import { stateMark } from "./people.js";

const REASONS = { revoked: "revoked", expired: "expired", identityDeleted: "identity deleted", keyRegenerated: "key regenerated", unknown: "unknown" };
const DISCARDED = "nobody has it: the session had ended when the broker read the record";
const MEANINGS = {
  identity: "the user's ACS identity",
  cutoff: "sessions that signed in at or before this second get no token",
  globalCutoff: "the same for all users",
  suspension: "the last decision about a suspension",
  pending: "accepted, and not known to be complete at ACS",
  lease: "the right of one request to create the identity",
  notFoundSince: "since when ACS reports that the identity does not exist",
  unconfirmedIdentities: "identities that ACS may have created and whose ids are unknown",
  expiresAt: "when a record without identity ends",
};

let user = null;
let detail = null;
let live = new Set();
let samples = [];

export const current = () => user;

export function start() {
  byId("copy-identity").addEventListener("click", (event) => copy(detail?.identity ?? "", event.target));
  byId("sign-in-again").addEventListener("click", () => doing(signInAgain));
  byId("change-password").addEventListener("click", () => doing(changePassword));
  byId("events").addEventListener("toggle", () => byId("events").open && doing(loadSamples));
  byId("sample").addEventListener("change", showSample);
  byId("event-send").addEventListener("click", () => doing(() => send(byId("event-text").value)));
  byId("event-late").addEventListener("click", () => doing(() => send(late(byId("event-text").value))));
  for (const button of byId("operate").children) {
    button.addEventListener("click", () => doing(() => operate(button.dataset.operation)));
  }
  setInterval(tick, 1000);
}

/** Runs an action and shows why it failed, if it failed. */
export async function doing(action) {
  try {
    await action();
  } catch (error) {
    result(error.message, "bad");
  }
}

export function result(text, state) {
  byId("result").textContent = text;
  byId("result").dataset.state = state;
}

/** Shows a user. */
export async function show(chosen) {
  const isOther = user?.subject !== chosen.subject || user?.issuer !== chosen.issuer;
  user = { subject: chosen.subject, issuer: chosen.issuer };
  if (isOther) {
    live = new Set();
    detail = null;
    result("", "");
    byId("events").open = false;
  }
  await load();
}

export async function load() {
  if (!user) return;
  const asked = user;
  const loaded = await api.user(asked.subject, asked.issuer);
  // Somebody may have chosen another user meanwhile.
  if (asked !== user) return;
  detail = loaded;
  draw();
}

function draw() {
  byId("user").hidden = false;
  byId("user-none").hidden = true;
  byId("user-title").textContent = detail.subject;
  render(byId("user-state"), [stateMark(detail.state)]);
  byId("user-identity").textContent = detail.identity ?? "has no ACS identity";
  byId("copy-identity").hidden = !detail.identity;
  render(byId("sessions"), detail.sessions.map(drawSession));
  render(byId("tokens"), detail.tokens.map(drawToken));
  byId("tokens-empty").hidden = detail.tokens.length > 0;
  live = new Set(detail.tokens.filter((token) => token.active).map((token) => token.fingerprint));
  const members = Object.entries(MEANINGS).flatMap(([name, meaning]) => {
    const value = detail.record[name];
    const text = value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
    return [h("dt", {}, name), h("dd", {}, text, h("br"), h("span", { class: "quiet" }, meaning))];
  });
  render(byId("record"), members);
}

function drawSession(session) {
  const button = (name, key, action) => h("button", {
    type: "button", class: "small", "data-key": `${key}-${session.id}`, onclick: () => doing(action),
  }, name);
  const mayText = session.getsTokens ? mark("yes", "good") : mark("no", "bad");
  return h("tr", { class: session.getsTokens ? null : "dead" },
    h("td", {}, time(session.signedInAt)),
    h("td", {}, mayText, session.reason ? h("div", { class: "quiet" }, session.reason) : null),
    h("td", {}, h("div", { class: "row" },
      button("Get token", "get", () => getToken(session)),
      button("Revoke tokens", "revoke", () => asUser(session, "DELETE", "/v1/token?keepSessions=true")),
      button("Sign out everywhere", "out", () => asUser(session, "DELETE", "/v1/token")),
      button("Copy", "copy", () => copy(session.token, document.activeElement)))));
}

function drawToken(token) {
  const hasDied = !token.active && live.has(token.fingerprint);
  const isDiscarded = token.active && token.discarded;
  const word = !token.active ? mark("DEAD", "bad") : isDiscarded ? mark("DISCARDED", "none") : mark("LIVE", "good");
  const why = isDiscarded ? DISCARDED : token.active ? "" : REASONS[token.reason] ?? token.reason;
  const reason = h("span", { class: "quiet" }, ` ${why}`);
  return h("tr", { class: `${token.active && !isDiscarded ? "" : "dead"}${hasDied ? " died" : ""}`, "data-fingerprint": token.fingerprint },
    h("td", {}, h("code", { title: `SHA-256 ${token.fingerprint}` }, token.fingerprint.slice(0, 8)), " ", time(token.issuedAt)),
    h("td", {}, token.scopes.join(" ")),
    h("td", {}, word, reason),
    h("td", { "data-expires": token.active && !isDiscarded ? token.expiresOn : null }, token.active && !isDiscarded ? left(token.expiresOn) : ""));
}

function tick() {
  for (const cell of document.querySelectorAll("[data-expires]")) {
    cell.textContent = left(cell.dataset.expires);
    if (!cell.textContent) doing(load);
  }
}

async function getToken(session) {
  await asUser(session, "POST", "/v1/token");
}

/** Sends a request in a session's name. The timeline's row says how it ended and why. */
async function asUser(session, method, path) {
  const response = await api.asUser(session.token, method, path);
  const word = response.ok ? "done" : response.body.code ?? response.body.message ?? "";
  // The timeline's row explains a refusal.
  if (response.ok) result(`${method} ${path}: ${response.status} ${word}`, "good");
  await load();
}

/** Signs the user in after the cutoff: a sign-in in its second counts as older. */
async function signInAgain() {
  const cutoff = [detail?.record.cutoff, detail?.record.globalCutoff].map((text) => (text ? Date.parse(text) : 0));
  const wait = Math.max(...cutoff) + 1000 - Date.now();
  if (wait > 0) result("A sign-in in the second of the cutoff counts as older: waiting for the next second.", "wait");
  if (wait > 0 && wait <= 5000) await new Promise((resolve) => setTimeout(resolve, wait));
  await api.signIn({ subject: user.subject });
  result("signed in", "good");
  await load();
}

/** Signs a user in and gets a token, in one click. */
export async function signInAndGetToken(subject) {
  await api.signIn({ subject });
  const loaded = await api.user(subject);
  await show(loaded);
  await getToken(loaded.sessions[0]);
}

export async function changePassword() {
  const name = byId("provider").value;
  const list = (await api.samples(user.subject)).samples;
  await send(JSON.stringify(list.find((sample) => sample.name === name).event));
}

async function send(text) {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Error(`The event is not JSON: ${error.message}`);
  }
  const sent = await api.sendEvent(text);
  const died = `${sent.tokensDied} ${sent.tokensDied === 1 ? "token" : "tokens"} died`;
  const ended = `${sent.sessionsEnded} ${sent.sessionsEnded === 1 ? "session" : "sessions"} ended`;
  const why = sent.reason ? ` ${sent.reason.text}` : "";
  const isBad = ["rejected", "failed"].includes(sent.outcome);
  result(`${sent.outcome}: ${died}, ${ended}, ${sent.tookMs} ms after the event.${why}`, isBad ? "bad" : "good");
  await load();
}

async function loadSamples() {
  samples = (await api.samples(user.subject)).samples;
  const chosen = byId("sample").value;
  render(byId("sample"), samples.map((sample) => h("option", { value: sample.name, selected: sample.name === chosen }, sample.name)));
  showSample();
}

function showSample() {
  const sample = samples.find((one) => one.name === byId("sample").value) ?? samples[0];
  byId("sample-does").textContent = sample.reason ? `${sample.operation}: ${sample.reason}` : `operation: ${sample.operation}`;
  byId("event-text").value = JSON.stringify(sample.event, null, 2);
}

/** Moves every instant of an event ten minutes back. */
function late(text) {
  return text.replaceAll(/"(20\d\d-\d\d-\d\dT[\d:.]+Z)"/g, (_, instant) => JSON.stringify(new Date(Date.parse(instant) - 600_000).toISOString()));
}

async function operate(operation) {
  if (operation === "delete" && !confirm(`Delete ${user.subject}'s ACS identity, with all chats that ACS keeps about it?`)) return;
  const done = await api.operate({ operation, subject: user.subject, issuer: user.issuer });
  const isBad = done.outcome === "failed";
  result(`${done.outcome}: ${done.tokensDied} tokens died, ${done.sessionsEnded} sessions ended, ${done.tookMs} ms. ${done.sentence ?? ""}`, isBad ? "bad" : "good");
  await load();
}
