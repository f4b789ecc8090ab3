// The console in a browser: from the first visit to a dead token. `tests/e2e/console.rs` runs it.
//
// Environment: CONSOLE the URL of `make run`; SCREENSHOT a file for an image, if one is wanted;
// FAILURES a folder for the image of a failure.

import assert from "node:assert/strict";
import AxeBuilder from "@axe-core/playwright";
import { withPage } from "./browser.mjs";

const MAX_MS_TO_LIVE_TOKEN = 5000;
const PROVIDERS = ["Cognito", "Auth0", "Okta", "own provider (generic)"];

const button = (page, name) => page.getByRole("button", { name, exact: true });
const tokens = (page) => page.locator("#tokens tr");
const rows = (page) => page.locator("#rows li");

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
  await screenshot(page);
  await eachProviderKills(page);
  await operatorSuspends(page);
  await sampleIsSkipped(page);
  await faultIsShown(page);
  await reloadKeeps(page);
  await hostileNameIsText(page);
  await keyboardAlone(page);
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

/** A live token beside a dead one, and the refusal in the timeline. */
async function screenshot(page) {
  await signInAgain(page);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
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
  await page.locator("#people").getByText("suspended").waitFor();
  await button(page, "Get token").first().click();
  await page.locator("#result").getByText("alice is suspended because of operator: suspend").waitFor();
  await button(page, "Unsuspend").click();
  await page.locator("#user-state").getByText("active").waitFor();
}

async function sampleIsSkipped(page) {
  await page.getByText("All events").click();
  await page.getByLabel("Event", { exact: true }).selectOption("okta-account-lock");
  await button(page, "Send").click();
  await page.locator("#result").getByText("skipped: 0 tokens died").waitFor();
  await page.getByLabel(/^Its JSON/).fill("{");
  await button(page, "Send").click();
  await page.locator("#result").getByText("The event is not JSON").waitFor();
}

async function faultIsShown(page) {
  await button(page, "Unavailable").click();
  await page.locator("#faults").getByText("until it is off").waitFor();
  await button(page, "Revoke").click();
  await page.locator("#user-state").getByText("revocation pending").waitFor();
  await button(page, "All faults off").click();
  await page.getByText("no faults").waitFor();
  await button(page, "Revoke").click();
  await page.locator("#user-state").getByText("active").waitFor();
  await button(page, "Run sweep now").click();
  await page.locator("#result").getByText("sweep: nothing was due").waitFor();
}

async function reloadKeeps(page) {
  const shown = await tokens(page).count();
  // A row reaches the page a moment after the response to the request that made it.
  const recorded = await page.evaluate(async () => (await (await fetch("/dev/timeline")).json()).rows.length);
  const allRows = (expected) => document.querySelectorAll("#rows li").length === expected;
  await page.waitForFunction(allRows, recorded);
  await page.reload();
  await page.getByRole("heading", { name: "alice" }).waitFor();
  await page.waitForFunction(allRows, recorded);
  assert.equal(await tokens(page).count(), shown);
}

async function hostileNameIsText(page) {
  const name = `<img src=x onerror="document.title='broken'">`;
  await page.getByText("Sign in as…").click();
  await page.getByLabel("Subject", { exact: true }).fill(name);
  await button(page, "Sign in").click();
  await page.getByRole("heading", { name }).waitFor();
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

async function isAccessible(page) {
  for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 360]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
    assert.deepEqual(found, [], `${colorScheme}, ${width} px wide`);
    const { scrollWidth, innerWidth } = await page.evaluate(() => ({
      scrollWidth: document.documentElement.scrollWidth, innerWidth: window.innerWidth,
    }));
    assert.ok(scrollWidth <= innerWidth, `${scrollWidth} px are wider than ${innerWidth}`);
  }
}
