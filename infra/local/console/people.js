// The list of users, and who signs in.

import * as api from "./api.js";
import { byId, h, mark, render } from "./dom.js";

const STATES = { active: "good", suspended: "bad", deleted: "bad", "revocation pending": "wait", "deletion pending": "wait", "being created": "wait", new: "none" };

let people = [];
let next = null;
let select = () => {};
let selected = null;

export const stateMark = (word) => mark(word, STATES[word] ?? "none");

/** Starts the list. `onSelect` gets the user whom somebody chooses. */
export function start(onSelect) {
  select = onSelect;
  let timer;
  byId("search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, 120);
  });
  byId("state").addEventListener("change", load);
  byId("people-more").addEventListener("click", () => load(true));
  byId("new-sign-in").addEventListener("click", signInAs);
}

/** Loads the list; `more` adds the next page. */
export async function load(more = false) {
  const isNext = more === true && next !== null;
  const query = { search: byId("search").value, state: byId("state").value, after: isNext ? next : "" };
  const page = await api.users(query);
  people = isNext ? people.concat(page.users) : page.users;
  next = page.next;
  people.sort((a, b) => a.subject.localeCompare(b.subject));
  draw();
  return people;
}

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
  byId("people-count").textContent = people.length ? `${people.length}${next ? "+" : ""}` : "";
  byId("people-more").hidden = next === null;
  const empty = byId("people-empty");
  empty.hidden = people.length > 0;
  empty.textContent = isFiltered() ? "Nobody fits the search." : "Nobody yet. Press the first button, or sign somebody in below.";
}

async function signInAs() {
  const subject = byId("new-subject").value.trim();
  if (!subject) return byId("new-subject").focus();
  let claims = {};
  try {
    claims = JSON.parse(byId("new-claims").value || "{}");
  } catch (error) {
    byId("new-claims").setCustomValidity(error.message);
    byId("new-claims").reportValidity();
    byId("new-claims").setCustomValidity("");
    return undefined;
  }
  if (byId("new-operator").checked) claims.scope = "acs.admin";
  const minutes = Number(byId("new-minutes").value) || 0;
  const body = { subject, claims };
  if (minutes > 0) body.authTime = Math.floor(Date.now() / 1000) - minutes * 60;
  await api.signIn(body);
  return select({ subject, issuer: location.origin.replace("localhost", "127.0.0.1") });
}
