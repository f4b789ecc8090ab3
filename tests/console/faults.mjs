// Each fault switch, and what a client reads when it is on. `tests/e2e/console.rs` runs it.
//
// Environment: CONSOLE the URL of `make run`; FAILURES a folder for the image of a failure.

import assert from "node:assert/strict";
import { withPage } from "./browser.mjs";
import { button, call, isAccessible, openAll, result, rows, signInAs, toggle, tokens } from "./page.mjs";

/** Each switch, and the code of a token request for a new user while it is on; null: it succeeds. */
const SWITCHES = [
  ["Key refused", "acs_misconfigured"], ["Forbidden", "acs_misconfigured"], ["Throttled", "acs_throttled"],
  ["Unavailable", "acs_unavailable"], ["Front door down", "acs_unavailable"], ["No response", "acs_unavailable"],
  ["Response lost", "acs_unavailable"], ["Response cut off", "acs_unavailable"], ["Slow", null],
  ["Creation without token", null], ["Wrong expiry", null], ["Table unavailable", "table_unavailable"],
  ["Table throttled", "table_unavailable"], ["Table slow", null], ["Write unconfirmed", null],
];

/** Each switch of the identity provider, and how a request with a session from then on ends. */
const PROVIDER = [
  ["Keys unreachable", "The issuer's keys cannot be fetched."], ["Other key", "The token names no key of the issuer."],
  ["Other issuer", "The token does not have a valid issuer."], ["Clock ahead", "not valid yet"], ["No auth_time", null],
];

await withPage(process.env.CONSOLE, async (page) => {
  await page.goto("/");
  await page.getByText("Faults, quotas and sweep").click();
  for (const [name, code] of SWITCHES) await switchDoes(page, name, code);
  await identityIsForgotten(page);
  for (const [name, status] of [["Gateway throttled", "429"], ["Gateway down", "503"]]) await gatewayFails(page, name, status);
  for (const [name, sentence] of PROVIDER) await providerErrs(page, name, sentence);
  await quotasAreEnforced(page);
  await gatewayExplains(page);
  await pendingIsSwept(page);
  await openAll(page);
  await isAccessible(page);
});

async function switchDoes(page, name, code) {
  const subject = `u-${name.toLowerCase().replaceAll(" ", "-")}`;
  await signInAs(page, subject);
  await toggle(page, name).click();
  await page.locator("#fault-count").getByText("faults: 1").waitFor();
  assert.equal(await toggle(page, name).getAttribute("aria-checked"), "true", name);
  await button(page, "Get token").click();
  const row = rows(page).filter({ hasText: subject }).filter({ hasText: "POST /v1/token" }).first();
  await row.waitFor();
  if (code) {
    await row.getByText(code).waitFor();
    await row.getByText("Remedy: ").waitFor();
    await result(page).getByText(code).waitFor();
  }
  await button(page, "All faults off").click();
  await page.locator("#fault-count").getByText("no faults").waitFor();
  assert.equal(await toggle(page, name).getAttribute("aria-checked"), "false", name);
}

/** A user whose identity ACS does not know gets another one. */
async function identityIsForgotten(page) {
  await signInAs(page, "forgotten");
  await button(page, "Get token").click();
  await tokens(page).getByText("LIVE").waitFor();
  await toggle(page, "Identity forgotten").click();
  await page.locator("#fault-count").getByText("faults: 1").waitFor();
  await toggle(page, "Identity forgotten").click();
  await page.locator("#fault-count").getByText("no faults").waitFor();
}

/** The gateway's own responses have no code; the row says that a fault asks for them. */
async function gatewayFails(page, name, status) {
  await toggle(page, name).click();
  await page.locator("#fault-count").getByText("faults: 1").waitFor();
  await button(page, "Get token").click();
  const row = rows(page).filter({ hasText: "A fault of the gateway asks for this." }).filter({ hasText: status }).first();
  await row.getByText("Remedy: ").waitFor();
  await button(page, "All faults off").click();
  await page.locator("#fault-count").getByText("no faults").waitFor();
}

async function providerErrs(page, name, sentence) {
  await toggle(page, name).click();
  await page.locator("#fault-count").getByText("faults: 1").waitFor();
  const subject = `p-${name.toLowerCase().replaceAll(" ", "-")}`;
  await signInAs(page, subject);
  await button(page, "Get token").first().click();
  const request = rows(page).filter({ hasText: "POST /v1/token" });
  if (sentence) await request.filter({ hasText: sentence }).first().getByText("Remedy: ").waitFor();
  else await tokens(page).getByText("LIVE").waitFor();
  await button(page, "All faults off").click();
  await page.locator("#fault-count").getByText("no faults").waitFor();
}

async function quotasAreEnforced(page) {
  await toggle(page, "Quotas enforced").click();
  await rows(page).getByText("quotas enforced").waitFor();
  assert.equal((await call(page, "GET", "/dev/counters")).quotas.enforce, true);
  await toggle(page, "Quotas enforced").click();
  await rows(page).getByText("quotas off").waitFor();
  await page.locator("#counters").getByText("ACS create").waitFor();
  await page.locator("#counters").getByText("table PutItem").waitFor();
}

/** A refusal of the gateway has its reason and its remedy in the page. */
async function gatewayExplains(page) {
  await page.evaluate(async () => {
    await fetch("/v1/token", { method: "POST" });
    await fetch("/v1/token", { method: "POST", headers: { authorization: "Bearer x" } });
    await fetch("/v1/nothing");
  });
  for (const sentence of ["The request carries no token.", "The token header cannot be read.", "The contract has no such path."]) {
    const row = rows(page).filter({ hasText: sentence }).first();
    await row.getByText("Remedy: ").waitFor();
  }
}

/** What ACS refused is pending, and the sweep completes it before the eyes. */
async function pendingIsSwept(page) {
  await signInAs(page, "pending");
  await button(page, "Get token").click();
  await tokens(page).getByText("LIVE").waitFor();
  await toggle(page, "Forbidden").click();
  await page.locator("#fault-count").getByText("faults: 1").waitFor();
  await button(page, "Revoke").click();
  await page.locator("#user-state").getByText("revocation pending").waitFor();
  await button(page, "All faults off").click();
  await page.locator("#fault-count").getByText("no faults").waitFor();
  await button(page, "+1 h").click();
  await page.locator("#user-state").getByText("active").waitFor();
  await rows(page).getByText("clock +1 h").waitFor();
  await tokens(page).getByText("DEAD").first().waitFor();
  await button(page, "Real time").click();
  await rows(page).getByText("clock -1 h").waitFor();
}
