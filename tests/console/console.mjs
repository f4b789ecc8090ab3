// The console in a browser: from the first visit to a dead token. `tests/e2e/console.rs` runs it.
//
// Environment: CONSOLE the URL of `make run`; SCREENSHOTS a folder for the documents' images, if they
// are wanted; FAILURES a folder for the image of a failure.

import assert from "node:assert/strict";
import { withPage } from "./browser.mjs";
import { button, call, isAccessible, openAll, result, rows, signInAs, tokens } from "./page.mjs";

const MAX_MS_TO_LIVE_TOKEN = 5000;
const PROVIDERS = ["Cognito", "Auth0", "Okta", "own provider (generic)"];

await withPage(process.env.CONSOLE, async (page) => {
  const foreign = [];
  const broken = [];
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== process.env.CONSOLE) foreign.push(request.url());
  });
  page.on("pageerror", (error) => broken.push(error.message));

  await firstVisit(page);
  await refusalExplainsItself(page);
  await refusalOpens(page);
  await signInAgain(page);
  await rowOpensIntoSteps(page);
  await screenshot(page);
  await sessionDoesAll(page);
  await eachProviderKills(page);
  await operatorSuspends(page);
  await eventIsEdited(page);
  await snippetsAreTheFiles(page);
  await credentialLives(page);
  await reloadKeeps(page);
  await hostileNameIsText(page);
  await keyboardAlone(page);
  await openAll(page);
  await isAccessible(page);

  assert.deepEqual(foreign, [], "no request leaves the stack");
  assert.deepEqual(broken, [], "no script fails");
});

async function firstVisit(page) {
  const started = Date.now();
  await page.goto("/");
  await button(page, "Sign in as alice and get a token").click();
  await tokens(page).getByText("LIVE").waitFor();
  const toLive = Date.now() - started;
  console.log(`ms from the load of the page to the first live token, one click: ${toLive}`);
  assert.ok(toLive < MAX_MS_TO_LIVE_TOKEN, `${toLive} ms`);
  await page.getByText(/^23:59:\d\d left$/).waitFor();
  await button(page, "Change her password").click();
  await tokens(page).getByText("DEAD").waitFor();
  console.log(`ms to the first dead token, two clicks: ${Date.now() - started}`);
  await page.locator("#result").getByText("revoked: 1 token died, 1 session ended").waitFor();
}

async function refusalExplainsItself(page) {
  await button(page, "Get token").click();
  const sentence = "have ended because of Cognito ChangePassword";
  await rows(page).getByText(sentence).waitFor();
  await page.locator("#result").getByText(sentence).waitFor();
}

/** The refused request opens into its steps, so that a reader sees which part decided. */
async function refusalOpens(page) {
  await page.getByLabel("Show").selectOption("request");
  const row = rows(page).filter({ hasText: "sign_in_again" }).first();
  await row.getByRole("button", { name: "POST /v1/token" }).click();
  await row.getByText("verify the access token").waitFor();
  await row.getByText("Remedy: ").waitFor();
  if (process.env.SCREENSHOTS) {
    await page.evaluate(() => document.activeElement?.blur());
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/refusal.png` });
  }
  await row.getByRole("button", { name: "POST /v1/token" }).click();
  await page.getByLabel("Show").selectOption("");
}

/** People in several states, a live token beside a dead one, and a request with its steps. */
async function screenshot(page) {
  if (!process.env.SCREENSHOTS) return;
  await call(page, "POST", "/dev/seed/demo");
  await page.locator("#people-count").getByText("21").waitFor();
  await page.getByLabel("only this user").check();
  await page.evaluate(() => {
    document.activeElement?.blur();
    document.querySelectorAll("#rows details").forEach((details) => { details.open = false; });
  });
  await page.screenshot({ path: `${process.env.SCREENSHOTS}/console.png` });
  await page.getByLabel("only this user").uncheck();
}

async function signInAgain(page) {
  await button(page, "Sign in again").click();
  const session = page.locator("#sessions tr").first();
  await session.getByText("yes", { exact: true }).waitFor();
  await session.getByRole("button", { name: "Get token" }).click();
  await tokens(page).first().getByText("LIVE").waitFor();
  return session;
}

async function eachProviderKills(page) {
  for (const provider of PROVIDERS) {
    const session = await signInAgain(page);
    await page.getByLabel("Password changed at").selectOption(provider);
    await button(page, "Change the password").click();
    await tokens(page).first().getByText("DEAD").waitFor();
    await tokens(page).first().getByText("revoked").waitFor();
    await session.getByText("no", { exact: true }).waitFor();
  }
}

async function operatorSuspends(page) {
  await button(page, "Suspend").click();
  await page.locator("#user-state").getByText("suspended").waitFor();
  await page.locator("#people tr.selected").getByText("suspended").waitFor();
  await button(page, "Get token").first().click();
  await page.locator("#result").getByText("alice is suspended because of operator: suspend").waitFor();
  await button(page, "Unsuspend").click();
  await page.locator("#user-state").getByText("active").waitFor();
}

/** An event is sent, again, twice and late; a mistake in its JSON is marked before it is sent. */
async function eventIsEdited(page) {
  const text = page.getByLabel(/^Its JSON/);
  await page.getByText("All events").click();
  await page.locator("#sample").selectOption("okta-account-lock");
  await button(page, "Send").click();
  await result(page).getByText("skipped: 0 tokens died").waitFor();
  await button(page, "Send again").click();
  await button(page, "Send twice").click();
  await page.getByLabel("Show").selectOption("event");
  const locks = rows(page).filter({ hasText: "Okta user.account.lock" });
  await page.waitForFunction(() => [...document.querySelectorAll("#rows > li")].filter((row) => row.textContent.includes("Okta user.account.lock")).length === 4);
  assert.equal(await locks.count(), 4);
  await page.getByLabel("Show").selectOption("");
  await text.fill('{\n  "a": 1,\n  b\n}');
  await page.getByRole("alert").getByText(/^Line 3, column 3: /).waitFor();
  assert.equal(await text.getAttribute("aria-invalid"), "true");
  assert.ok(await button(page, "Send").isDisabled());
  await button(page, "As it was, for now").click();
  await page.locator("#event-text[aria-invalid=false]").waitFor();

  // A password change of ten minutes ago does not end the session of now.
  await signInAgain(page);
  await page.locator("#sample").selectOption("okta-update-password");
  await button(page, "Send as of 10 minutes ago").click();
  await result(page).getByText("0 sessions ended").waitFor();
  await page.locator("#sessions tr").first().getByText("yes", { exact: true }).waitFor();
}

async function rowOpensIntoSteps(page) {
  const row = rows(page).first();
  await row.getByRole("button", { name: "POST /v1/token" }).click();
  for (const step of ["verify the access token", "issue token", "BatchGetItem"]) {
    await row.getByRole("cell", { name: step }).first().waitFor();
  }
  await row.getByText("Response", { exact: true }).nth(1).click();
  await row.getByText('"expiresOn"').first().waitFor();
  const { number, secrets } = await page.evaluate(() => {
    const row = document.querySelector("#rows > li");
    return { number: row.id, secrets: /eyJ[\w-]+\.[\w-]+\.[\w-]+/.test(row.textContent) };
  });
  assert.equal(secrets, false, "no token is shown");
  await row.getByText("The function's log line").click();
  await row.getByText('"issueToken"').waitFor();
  await row.getByRole("link").click();
  await page.reload();
  await page.locator(`#${number}`).getByText("verify the access token").waitFor();
}

/** Renewed, withdrawn, signed out, deleted: by the user's own requests. */
async function sessionDoesAll(page) {
  const session = await signInAgain(page);
  await session.getByText("More").click();
  const sessions = page.locator("#sessions tr");
  const count = await sessions.count();
  await session.getByRole("button", { name: "Renew" }).click();
  await page.waitForFunction((count) => document.querySelectorAll("#sessions tr").length === count, count + 1);
  await tokens(page).getByText("LIVE").first().waitFor();
  await session.getByText("More").click();
  await session.getByRole("button", { name: "Withdraw tokens" }).click();
  await noneIsLive(page);
  await session.getByText("yes", { exact: true }).waitFor();
  await session.getByRole("button", { name: "Sign out everywhere" }).click();
  await session.getByText("no", { exact: true }).waitFor();
  const last = await signInAgain(page);
  page.once("dialog", (dialog) => dialog.accept());
  await last.getByText("More").click();
  await last.getByRole("button", { name: "Delete me" }).click();
  await page.locator("#user-state").getByText("deleted").waitFor();
  await signInAgain(page);
}

async function noneIsLive(page) {
  await page.waitForFunction(() => !document.querySelector("#tokens").textContent.includes("LIVE"));
}

async function snippetsAreTheFiles(page) {
  await page.getByText("Use it from your app").click();
  for (const [language, part] of [
    ["JavaScript", "AzureCommunicationTokenCredential"], ["Swift", "CommunicationTokenRefreshOptions"],
    ["Kotlin", "http://10.0.2.2"], ["curl", `${process.env.CONSOLE}/dev/sign-in`],
  ]) {
    await button(page, language).click();
    await page.locator("#snippet").getByText(part).waitFor();
  }
}

/** Microsoft's own credential gets a token here, and learns that the session has ended. */
async function credentialLives(page) {
  await signInAgain(page);
  await button(page, "Make a credential").click();
  await page.locator("#demo-lines").getByText("the app has a token until").waitFor();
  await button(page, "Dispose").click();
}

async function reloadKeeps(page) {
  const shown = await tokens(page).count();
  // A row reaches the page a moment after the response to the request that made it.
  const recorded = (await call(page, "GET", "/dev/timeline")).rows.length;
  const allRows = (expected) => document.querySelectorAll("#rows > li").length === expected;
  await page.waitForFunction(allRows, recorded);
  await page.reload();
  await page.getByRole("heading", { name: "alice" }).waitFor();
  await page.waitForFunction(allRows, recorded);
  assert.equal(await tokens(page).count(), shown);
}

async function hostileNameIsText(page) {
  const name = `<img src=x onerror="document.title='broken'">`;
  await signInAs(page, name);
  assert.equal(await page.title(), "acs-token-broker, local");
  assert.equal(await page.locator("img").count(), 0);
}

async function keyboardAlone(page) {
  await page.locator("body").press("n");
  await page.keyboard.type("bob");
  await button(page, "Sign in").press("Enter");
  await page.getByRole("heading", { name: "bob" }).waitFor();
  await button(page, "Get token").press("Enter");
  await tokens(page).getByText("LIVE").waitFor();
  await button(page, "Change the password").press("Enter");
  await tokens(page).getByText("DEAD").waitFor();
}
