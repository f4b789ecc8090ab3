// "Use it from your app": the very files of the documents, with this stack's address.

import { file } from "./api.js";
import { byId, copy, h, render } from "./dom.js";

const quote = (text) => `'${JSON.stringify(text).replaceAll("'", "'\\''")}'`;

/** Each language: the file, and how its function is called here. */
const LANGUAGES = {
  curl: { use: (origin, subject) => `session=$(curl -sS ${origin}/dev/sign-in -d ${quote({ subject })} | sed -E 's/.*"token":"([^"]+)".*/\\1/')
curl -sS -X POST ${origin}/v1/token -H "Authorization: Bearer $session"` },
  JavaScript: { file: "refresher.mjs", use: (origin) => `\n// Here:\nconst credential = communicationCredential(${JSON.stringify(origin)}, async () => accessToken);` },
  Swift: { file: "CommunicationCredential.swift", use: (origin) => `\n// Here:\nlet credential = try communicationCredential(broker: URL(string: ${JSON.stringify(origin)})!) { accessToken }` },
  Kotlin: { file: "CommunicationCredential.kt", use: (origin) => `\n// Here, from the Android emulator:\nval credential = communicationCredential(${JSON.stringify(origin.replace(/127\.0\.0\.1|localhost/, "10.0.2.2"))}) { accessToken }` },
};

let language = "curl";
let subject = "alice";
const files = new Map();

export function start() {
  byId("copy-snippet").addEventListener("click", (event) => copy(byId("snippet").textContent, event.target));
  draw();
}

export function show(newSubject) {
  subject = newSubject;
  draw();
}

async function draw() {
  render(byId("languages"), Object.keys(LANGUAGES).map((name) => h("button", {
    type: "button", class: "small", "data-key": name, "aria-pressed": String(name === language),
    onclick: () => { language = name; draw(); },
  }, name)));
  const chosen = language;
  const { file: name, use } = LANGUAGES[chosen];
  if (name && !files.has(name)) files.set(name, await file(name));
  // Another language may have been chosen meanwhile.
  if (chosen === language) byId("snippet").textContent = (name ? files.get(name) : "") + use(location.origin, subject);
}
