// Puts the parts of the page together.

import * as demo from "./demo.js";
import { byId, now } from "./dom.js";
import * as faults from "./faults.js";
import * as people from "./people.js";
import * as snippets from "./snippets.js";
import * as stack from "./stack.js";
import * as timeline from "./timeline.js";
import * as user from "./user.js";

const SELECTED = "selected";
const FIRST = "first";
const MAX_AGE_MS = 2000;
let timer;
let isFirst = sessionStorage.getItem(FIRST) === "1";

people.start(select, user.doing);
user.start();
snippets.start();
demo.start(user.liveSession, user.doing);
faults.start(user.result, user.doing);
stack.start(user.result, user.doing, refresh);
timeline.start(onRow, lamp);
byId("first-token").addEventListener("click", () => user.doing(firstToken));
byId("first-password").addEventListener("click", () => user.doing(firstPassword));
document.addEventListener("keydown", onKey);
user.doing(open);

async function open() {
  const kept = sessionStorage.getItem(SELECTED);
  await refreshPeople();
  if (kept) await select(JSON.parse(kept));
  byId("first-password").disabled = !kept;
}

async function select(chosen) {
  sessionStorage.setItem(SELECTED, JSON.stringify({ subject: chosen.subject, issuer: chosen.issuer }));
  await user.doing(() => user.show(chosen));
  people.show(user.current());
  timeline.show(chosen.subject);
  snippets.show(chosen.subject);
  byId("user-none").hidden = true;
}

async function refreshPeople() {
  const list = await people.load();
  const isEmpty = list.length === 0 && !people.isFiltered();
  byId("first").hidden = !isEmpty && !isFirst;
  byId("user-none").hidden = isEmpty || isFirst || user.current() !== null;
}

/** The first click: a session, an identity and a token. */
async function firstToken() {
  isFirst = true;
  sessionStorage.setItem(FIRST, "1");
  await user.signInAndGetToken("alice");
  await select(user.current());
  await refreshPeople();
  byId("first-password").disabled = false;
}

/** The second click: the token dies. */
async function firstPassword() {
  await user.changePassword();
  isFirst = false;
  sessionStorage.removeItem(FIRST);
  byId("first").hidden = true;
}

function lamp(text, state) {
  byId("stack").textContent = text;
  byId("stack").dataset.state = state;
}

/** A row came: what it is about may look different now. */
function onRow(row) {
  const shown = user.current();
  if (shown && row.subject === shown.subject) {
    timeline.tell(row);
    const isOfNow = Math.abs(now() - Date.parse(row.at)) < MAX_AGE_MS;
    if (isOfNow && row.status >= 400) user.result(`${row.title}: ${timeline.ending(row)}. ${row.sentence}`, "bad");
  }
  clearTimeout(timer);
  timer = setTimeout(() => user.doing(refresh), 100);
}

async function refresh() {
  await Promise.all([refreshPeople(), user.load(), faults.load(), stack.load()]);
}

function onKey(event) {
  const isTyping = ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement?.tagName);
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") byId("search").focus();
  else if (event.key === "n") {
    byId("sign-in-as").open = true;
    byId("new-subject").focus();
  } else return;
  event.preventDefault();
}
