// The list of users, and who signs in.

import * as api from "./api.js";
import { byId, h, mark, now, render } from "./dom.js";

const STATES = { active: "good", suspended: "bad", deleted: "bad", "revocation pending": "wait", "deletion pending": "wait", "being created": "wait", new: "none" };
/** The pages that a refresh loads again at most: who scrolled on sees the rest after a click. */
const MAX_PAGES = 5;

let people = [];
let total = 0;
let next = null;
let pages = 1;
let select = () => {};
let selected = null;
let asked = 0;

export const stateMark = (word) => mark(word, STATES[word] ?? "none");

/** Starts the list. `onSelect` gets the user whom somebody chooses. */
export function start(onSelect, doing) {
  select = onSelect;
  let timer;
  const again = () => doing(async () => {
    pages = 1;
    await load();
  });
  byId("search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(again, 120);
  });
  byId("state").addEventListener("change", again);
  byId("sort").addEventListener("change", again);
  byId("people-more").addEventListener("click", () => doing(async () => {
    await append();
    draw();
  }));
  byId("new-sign-in").addEventListener("click", () => doing(signInAs));
}

/** Loads the pages that are shown. */
export async function load() {
  asked += 1;
  const mine = asked;
  const loaded = [];
  let page = { next: "" };
  for (let index = 0; index < Math.min(pages, MAX_PAGES) && page.next !== null; index += 1) {
    page = await api.users(query(page.next));
    loaded.push(...page.users);
  }
  // A later search may have been faster.
  if (mine !== asked) return people;
  ({ total, next } = page);
  people = loaded;
  draw();
  return people;
}

async function append() {
  if (next === null) return;
  const page = await api.users(query(next));
  people = people.concat(page.users);
  ({ total, next } = page);
  pages += 1;
}

const query = (after) => ({ search: byId("search").value, state: byId("state").value, sort: byId("sort").value, after });

/** Marks the user who is shown. */
export function show(user) {
  selected = user;
  draw();
}

export const isFiltered = () => byId("search").value !== "" || byId("state").value !== "";

function draw() {
  render(byId("people"), people.map((user) => {
    const isSelected = selected?.subject === user.subject && selected?.issuer === user.issuer;
    const choose = h("button", {
      type: "button", class: "link", "data-key": `${user.issuer} ${user.subject}`,
      "aria-current": isSelected ? "true" : null, onclick: () => select(user),
    }, user.subject);
    return h("tr", { class: isSelected ? "selected" : null },
      h("td", {}, choose),
      h("td", {}, stateMark(user.state)),
      h("td", { class: "number" }, String(user.liveSessions)),
      h("td", { class: "number" }, String(user.liveTokens)));
  }));
  byId("people-count").textContent = total ? total.toLocaleString("en") : "";
  byId("people-more").hidden = next === null;
  byId("people-more").textContent = `Show more, ${people.length} of ${total.toLocaleString("en")}`;
  const empty = byId("people-empty");
  empty.hidden = people.length > 0;
  empty.textContent = isFiltered() ? "Nobody fits the search." : "Nobody yet. Press the first button, sign somebody in below, or press Seed.";
}

async function signInAs() {
  const subject = byId("new-subject").value.trim();
  if (!subject) return byId("new-subject").focus();
  const claims = readClaims();
  if (claims === null) return undefined;
  const seconds = Math.floor(now() / 1000);
  if (byId("new-operator").checked) claims.scope = "acs.admin";
  const life = Number(byId("new-life").value);
  if (life !== 60) claims.exp = seconds + life * 60;
  const body = { subject, claims };
  const ago = Number(byId("new-minutes").value) || 0;
  if (ago > 0) body.authTime = seconds - ago * 60;
  await api.signIn(body);
  return select({ subject, issuer: location.origin.replace("localhost", "127.0.0.1") });
}

/** Returns the claims of the form, or null after it has marked what is wrong with them. */
function readClaims() {
  const field = byId("new-claims");
  let wrong = "must be a JSON object";
  try {
    const claims = JSON.parse(field.value || "{}");
    if (claims !== null && typeof claims === "object" && !Array.isArray(claims)) return claims;
  } catch (error) {
    wrong = error.message;
  }
  field.setCustomValidity(wrong);
  field.reportValidity();
  field.setCustomValidity("");
  return null;
}
