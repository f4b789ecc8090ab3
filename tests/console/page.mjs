// What the tests of the console share: the parts of the page by name, and short ways to a state.

import assert from "node:assert/strict";
import AxeBuilder from "@axe-core/playwright";

export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const toggle = (page, name) => page.getByRole("switch", { name, exact: true });
export const tokens = (page) => page.locator("#tokens tr");
export const rows = (page) => page.locator("#rows > li");
export const people = (page) => page.locator("#people tr");
export const result = (page) => page.locator("#result");

/** Calls the stack's API from within the page, as its own scripts do. */
export function call(page, method, path, body) {
  return page.evaluate(async ([method, path, body]) => {
    const init = body === undefined ? { method } : { method, body: typeof body === "string" ? body : JSON.stringify(body), headers: { "content-type": "application/json" } };
    const response = await fetch(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    try { return JSON.parse(text); } catch { return text; }
  }, [method, path, body]);
}

/** Signs somebody in through the form, and shows them. */
export async function signInAs(page, subject) {
  if (!await page.locator("#sign-in-as").evaluate((details) => details.open)) await page.getByText("Sign in as…").click();
  await page.getByLabel("Subject", { exact: true }).fill(subject);
  await button(page, "Sign in").click();
  await page.getByRole("heading", { name: subject, exact: true }).waitFor();
}

/** Opens all that can be opened beside the rows of the timeline. */
export async function openAll(page) {
  await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => { details.open = true; }));
}

/** Demands that axe finds nothing, in light and dark and on a phone. */
export async function isAccessible(page) {
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
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}
