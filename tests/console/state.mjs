// The state as a whole: seeded, exported, imported, forgotten; many users, two tabs, the clock.
// `tests/e2e/console.rs` runs it.
//
// Environment: CONSOLE the URL of `make run`; FAILURES a folder for the image of a failure.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { withPage } from "./browser.mjs";
import { button, call, people, rows, result, tokens } from "./page.mjs";

const MANY = 10_000;
const MAX_ROWS_OF_A_PAGE = 100;

await withPage(process.env.CONSOLE, async (page) => {
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto("/");
  await seedShowsEachState(page);
  await clockEndsTokens(page);
  await exportComesBack(page);
  await manyStaySmooth(page);
  await twoTabsAgree(page);
  await foreignHostIsRefused();
});

async function seedShowsEachState(page) {
  await button(page, "Seed").click();
  await result(page).getByText("20 users in several states").waitFor();
  for (const state of ["active", "suspended", "deleted", "revocation pending", "deletion pending", "new"]) {
    await people(page).locator(".mark").getByText(state, { exact: true }).first().waitFor();
  }
  await page.locator("#state").selectOption("suspended");
  await page.waitForFunction(() => document.querySelectorAll("#people tr").length === 2);
  await page.locator("#state").selectOption("");
}

async function clockEndsTokens(page) {
  await button(page, "demo-active-01").click();
  await tokens(page).getByText("LIVE").waitFor();
  await button(page, "+1 d").click();
  await tokens(page).getByText("expired").waitFor();
  await button(page, "Real time").click();
  await tokens(page).getByText("LIVE").waitFor();
}

async function exportComesBack(page) {
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export", exact: true }).click();
  const file = await (await downloading).path();
  await button(page, "Reset").click();
  await result(page).getByText("everything is forgotten").waitFor();
  await page.getByText("Nobody yet.").waitFor();
  await page.locator("#import-file").setInputFiles(file);
  await result(page).getByText("imported: ").waitFor();
  await button(page, "demo-suspended-01").waitFor();
  assert.equal(await call(page, "GET", "/dev/export"), readFileSync(file, "utf8"));
  await page.locator("#import-file").setInputFiles({ name: "x.ndjson", mimeType: "text/plain", buffer: Buffer.from("{}") });
  await result(page).getByText("line 1: not the state of a local stack").waitFor();
}

async function manyStaySmooth(page) {
  const exported = (await call(page, "GET", "/dev/export")).split("\n");
  const row = exported.find((line) => line.startsWith('{"row"') && line.includes("demo-active-01"));
  const [identity] = /8:acs:[0-9a-f_-]+/.exec(row);
  const many = Array.from({ length: MANY }, (_, index) => {
    const digits = String(index).padStart(12, "0");
    return row.replaceAll("demo-active-01", `many-${digits}`).replaceAll(identity, identity.slice(0, -12) + digits);
  });
  await call(page, "POST", "/dev/import", [exported[0], ...many].join("\n"));
  await page.locator("#people-count").getByText(MANY.toLocaleString("en")).waitFor();
  assert.ok(await people(page).count() <= MAX_ROWS_OF_A_PAGE);
  const begun = Date.now();
  await page.getByLabel("Search").fill("000000007777");
  await button(page, "many-000000007777").waitFor();
  await page.waitForFunction(() => document.querySelectorAll("#people tr").length === 1);
  console.log(`ms for a search among ${MANY} users, typing pause included: ${Date.now() - begun}`);
  await page.getByLabel("Search").fill("");
  await page.getByRole("button", { name: /^Show more, 100 of/ }).click();
  await page.waitForFunction(() => document.querySelectorAll("#people tr").length === 200);
  await call(page, "POST", "/dev/reset");
  await page.getByText("Nobody yet.").waitFor();
}

async function twoTabsAgree(page) {
  const other = await page.context().newPage();
  await other.goto("/");
  await button(page, "Sign in as alice and get a token").click();
  await tokens(page).getByText("LIVE").waitFor();
  await button(other, "alice").click();
  await tokens(other).getByText("LIVE").waitFor();
  await button(other, "Suspend").click();
  await page.locator("#user-state").getByText("suspended").waitFor();
  await rows(page).getByText("operator: suspend").waitFor();
  await other.close();
}

/** A page that gives its own name the address 127.0.0.1 reads and changes nothing. */
async function foreignHostIsRefused() {
  const status = (method, path) => new Promise((resolve, reject) => {
    const call = request(new URL(path, process.env.CONSOLE), { method, headers: { host: "evil.example" } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on("error", reject).end();
  });
  for (const [method, path] of [["GET", "/"], ["GET", "/dev"], ["GET", "/dev/export"], ["POST", "/dev/reset"], ["PUT", "/dev/clock"]]) {
    assert.equal(await status(method, path), 421, `${method} ${path}`);
  }
}
