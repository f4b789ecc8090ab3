// The stack ends under an open page and comes back. `tests/e2e/console.rs` runs it.
//
// Environment: LOCAL the program of `make run`; STATE a folder for its state; FAILURES a folder for
// the image of a failure.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { withPage } from "./browser.mjs";
import { button, rows, tokens } from "./page.mjs";

const port = await freePort();
let stack = await start();

try {
  await withPage(`http://127.0.0.1:${port}`, async (page) => {
    await page.goto("/");
    await button(page, "Sign in as alice and get a token").click();
    await tokens(page).getByText("LIVE").waitFor();
    await stop();
    await page.locator("#stack").getByText("no connection").waitFor();
    stack = await start();
    await page.locator("#stack").getByText("ready").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("#rows > li").length === 0);
    await button(page, "Sign in again").click();
    await rows(page).getByText("sign-in").waitFor();
    await page.locator("#sessions tr").first().getByRole("button", { name: "Get token" }).click();
    await rows(page).getByText("POST /v1/token").waitFor();
    assert.equal(await rows(page).count(), 2, "each row is there once");
    await tokens(page).getByText("LIVE").first().waitFor();
  });
} finally {
  await stop();
}

async function start() {
  const ports = ["--port", String(port), "--acs-port", "0", "--acs-https-port", "0", "--table-port", "0"];
  const child = spawn(process.env.LOCAL, [...ports, "--state", process.env.STATE, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface({ input: child.stdout }), "line");
  return child;
}

async function stop() {
  if (stack.exitCode !== null || stack.signalCode !== null) return;
  const ended = once(stack, "exit");
  stack.kill("SIGTERM");
  await ended;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
