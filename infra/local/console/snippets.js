// "Use it from your app": snippets with this stack's address and the chosen user.

import { byId, copy, h, render } from "./dom.js";

const quote = (text) => `'${JSON.stringify(text).replaceAll("'", "'\\''")}'`;

const LANGUAGES = {
  curl: (origin, subject) => `session=$(curl -sS ${origin}/dev/sign-in -d ${quote({ subject })} | sed -E 's/.*"token":"([^"]+)".*/\\1/')
curl -sS -X POST ${origin}/v1/token -H "Authorization: Bearer $session"`,
  JavaScript: (origin, subject) => `import { AzureCommunicationTokenCredential } from "@azure/communication-common";

// In production the session comes from your identity provider.
const signIn = await fetch("${origin}/dev/sign-in", {
  method: "POST",
  body: JSON.stringify({ subject: ${JSON.stringify(subject)} }),
});
const session = (await signIn.json()).token;

const credential = new AzureCommunicationTokenCredential({
  refreshProactively: true,
  async tokenRefresher() {
    const response = await fetch("${origin}/v1/token", {
      method: "POST",
      headers: { authorization: \`Bearer \${session}\` },
    });
    const body = await response.json();
    if (!response.ok) throw Object.assign(new Error(body.title), body);
    return body.token;
  },
});`,
};

let language = "curl";
let subject = "alice";

export function start() {
  byId("copy-snippet").addEventListener("click", (event) => copy(byId("snippet").textContent, event.target));
  draw();
}

export function show(newSubject) {
  subject = newSubject;
  draw();
}

function draw() {
  render(byId("languages"), Object.keys(LANGUAGES).map((name) => h("button", {
    type: "button", class: "small", "data-key": name, "aria-pressed": String(name === language),
    onclick: () => { language = name; draw(); },
  }, name)));
  byId("snippet").textContent = LANGUAGES[language](location.origin, subject);
}
