// One user: sessions, tokens, operations, record.

import * as api from "./api.js";
import { byId, copy, counted, h, left, mark, now, render, time } from "./dom.js";
import * as events from "./events.js";
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
/** The sessions whose further buttons are shown. */
const opened = new Set();

export const current = () => user;

/** Returns the newest session that gets tokens, if there is one. */
export const liveSession = () => detail?.sessions.find((session) => session.getsTokens) ?? null;

export function start() {
  byId("copy-identity").addEventListener("click", (event) => copy(detail?.identity ?? "", event.target));
  byId("sign-in-again").addEventListener("click", () => doing(signInAgain));
  byId("change-password").addEventListener("click", () => doing(changePassword));
  for (const button of byId("operate").children) {
    button.addEventListener("click", () => doing(() => operate(button.dataset.operation)));
  }
  events.start(onSent, doing);
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
  events.of(user.subject);
  if (isOther) {
    live = new Set();
    detail = null;
    result("", "");
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
  byId("sessions-empty").hidden = detail.sessions.length > 0;
  render(byId("tokens"), detail.tokens.map(drawToken));
  byId("tokens-empty").hidden = detail.tokens.length > 0;
  live = new Set(detail.tokens.filter((token) => token.active).map((token) => token.fingerprint));
  render(byId("record"), Object.entries(MEANINGS).flatMap(([name, meaning]) => {
    const value = detail.record[name];
    return [h("dt", {}, name), h("dd", {}, shown(value), h("br"), h("span", { class: "quiet" }, meaning))];
  }));
}

/** Returns a field of the record as text. */
function shown(value) {
  if (value === null) return "–";
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([name, member]) => `${name} ${member}`).join(", ");
}

function drawSession(session) {
  const button = (name, title, action) => h("button", {
    type: "button", class: "small", title, "data-key": `${name}-${session.id}`, onclick: () => doing(action),
  }, name);
  const mayText = session.getsTokens ? mark("yes", "good") : mark("no", "bad");
  return h("tr", { class: session.getsTokens ? null : "dead" },
    h("td", {}, time(session.signedInAt)),
    h("td", {}, mayText, session.reason ? h("div", { class: "quiet" }, session.reason) : null),
    h("td", {}, h("div", { class: "row tight" },
      button("Get token", "POST /v1/token", () => asUser(session, "POST", "/v1/token")),
      button("Sign out everywhere", "DELETE /v1/token: the tokens die, the sessions end", () => asUser(session, "DELETE", "/v1/token")),
      more(session,
        button("Renew", "a new access token of the same sign-in, as a refresh token gives, and a token with it", () => renew(session)),
        button("Withdraw tokens", "DELETE /v1/token?keepSessions=true: the tokens die, the sessions stay", () => asUser(session, "DELETE", "/v1/token?keepSessions=true")),
        button("Delete me", "DELETE /v1/user: the ACS identity is deleted", () => deleteMe(session)),
        button("Copy", "the access token", () => copy(session.token, document.activeElement))))));
}

/** Returns the further buttons of a session; they stay open when the sessions are drawn again. */
function more(session, ...buttons) {
  const details = h("details", {
    open: opened.has(session.id), ontoggle: () => (details.open ? opened.add(session.id) : opened.delete(session.id)),
  }, h("summary", { "data-key": `more-${session.id}` }, "More"), h("div", { class: "row tight" }, ...buttons));
  return details;
}

function drawToken(token) {
  const hasDied = !token.active && live.has(token.fingerprint);
  const isDiscarded = token.active && token.discarded;
  const isLive = token.active && !isDiscarded;
  const word = !token.active ? mark("DEAD", "bad") : isDiscarded ? mark("DISCARDED", "none") : mark("LIVE", "good");
  const why = isDiscarded ? DISCARDED : token.active ? "" : REASONS[token.reason] ?? token.reason;
  return h("tr", { class: `${isLive ? "" : "dead"}${hasDied ? " died" : ""}`, "data-fingerprint": token.fingerprint },
    h("td", {}, h("code", { title: `SHA-256 ${token.fingerprint}, made with the ${token.key} key` }, token.fingerprint.slice(0, 8)), " ", time(token.issuedAt)),
    h("td", {}, token.scopes.join(" ")),
    h("td", {}, word, h("span", { class: "quiet" }, ` ${why}`)),
    h("td", { "data-expires": isLive ? token.expiresOn : null }, isLive ? left(token.expiresOn) : ""));
}

function tick() {
  for (const cell of document.querySelectorAll("[data-expires]")) {
    cell.textContent = left(cell.dataset.expires);
    if (!cell.textContent) doing(load);
  }
}

/** Sends a request in a session's name. The timeline's row says how it ended and why. */
async function asUser(session, method, path) {
  const response = await api.asUser(session.token, method, path);
  // The timeline's row explains a refusal.
  if (response.ok) result(`${method} ${path}: ${response.status} done`, "good");
  await load();
}

async function deleteMe(session) {
  if (!confirm(`Delete ${user.subject}'s ACS identity, as the user's own request?`)) return;
  await asUser(session, "DELETE", "/v1/user");
}

/** Signs in again with the claims of a session; only the times of the access token are new. */
async function renew(session) {
  const part = session.token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(part), (character) => character.codePointAt(0));
  const { iss, sub, aud, iat, exp, auth_time: authTime, ...claims } = JSON.parse(new TextDecoder().decode(bytes));
  const renewed = await api.signIn({ subject: sub, authTime: authTime ?? iat, claims: { ...claims, aud } });
  await asUser({ token: renewed.token }, "POST", "/v1/token");
}

/** Signs the user in after the cutoff: a sign-in in its second counts as older. */
async function signInAgain() {
  const cutoff = [detail?.record.cutoff, detail?.record.globalCutoff].map((text) => (text ? Date.parse(text) : 0));
  const wait = Math.max(...cutoff) + 1000 - now();
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
  await asUser(loaded.sessions[0], "POST", "/v1/token");
}

export async function changePassword() {
  await events.sendSample(byId("provider").value);
}

async function onSent(sent) {
  const died = `${counted(sent.tokensDied, "token")} died, ${counted(sent.sessionsEnded, "session")} ended`;
  const why = sent.reason ? ` ${sent.reason.text}` : "";
  const isBad = ["rejected", "failed"].includes(sent.outcome);
  result(`${sent.outcome}: ${died}, ${sent.tookMs} ms after the event.${why}`, isBad ? "bad" : "good");
  await load();
}

async function operate(operation) {
  if (operation === "delete" && !confirm(`Delete ${user.subject}'s ACS identity, with all chats that ACS keeps about it?`)) return;
  const done = await api.operate({ operation, subject: user.subject, issuer: user.issuer });
  const effect = `${counted(done.tokensDied, "token")} died, ${counted(done.sessionsEnded, "session")} ended`;
  result(`${done.outcome}: ${effect}, ${done.tookMs} ms. ${done.sentence ?? ""}`, done.outcome === "failed" ? "bad" : "good");
  await load();
}
