// A live demo: the refresher of the documents, with the real @azure/communication-common, in this
// page against this stack. Both are loaded at the first click.

import { byId, h, render, time } from "./dom.js";

const MAX_LINES = 50;

let credential = null;
let lines = [];

/** Starts the panel. `session` returns the chosen user's newest session that gets tokens. */
export function start(session, doing) {
  byId("demo-start").addEventListener("click", () => doing(() => begin(session)));
  byId("demo-get").addEventListener("click", () => doing(() => get()));
  byId("demo-stop").addEventListener("click", stop);
  // The SDK renews in the background, where nobody catches a refusal.
  addEventListener("unhandledrejection", (event) => {
    if (credential === null || event.reason?.status === undefined) return;
    event.preventDefault();
    say(`refused in the background: ${event.reason.status} ${event.reason.code ?? ""}`, "bad");
  });
}

async function begin(session) {
  stop();
  const { communicationCredential } = await import("/console/refresher.js");
  const first = session();
  if (first === null) throw new Error("Choose a user who has a session that gets tokens.");
  const accessToken = async () => {
    say("the SDK asks for a token", "wait");
    return (session() ?? first).token;
  };
  credential = communicationCredential(location.origin, accessToken);
  say("credential made, it renews by itself", "none");
  await get();
}

async function get() {
  try {
    const { expiresOnTimestamp } = await credential.getToken();
    say("the app has a token until ", "good", time(new Date(expiresOnTimestamp).toISOString()));
  } catch (error) {
    say(`refused: ${error.status ?? ""} ${error.code ?? error.message}`, "bad");
  }
  draw();
}

function stop() {
  credential?.dispose();
  credential = null;
  lines = [];
  draw();
}

function say(text, state, ...more) {
  lines.unshift({ at: new Date().toISOString(), text, state, more });
  lines.length = Math.min(lines.length, MAX_LINES);
  draw();
}

function draw() {
  byId("demo-get").disabled = credential === null;
  byId("demo-stop").disabled = credential === null;
  render(byId("demo-lines"), lines.map(({ at, text, state, more }) => h("li", { "data-state": state }, time(at), ` ${text}`, ...more)));
}
