// Starts the Chromium that an npm package ships, and keeps a screenshot of a test that fails.
//
// The package's program needs libraries (nss) and a font that a bare machine lacks. The package has
// them for Amazon Linux, and lays them out when it believes to run there.

import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";

process.env.AWS_EXECUTION_ENV ??= "AWS_Lambda_nodejs22.x";
process.env.FONTCONFIG_FILE = fontSettings();
const { default: chromium } = await import("@sparticuz/chromium");
const { chromium: playwright } = await import("playwright-core");

/** Calls `test` with a page of 1280 by 800 in light colours. */
export async function withPage(origin, test) {
  // Not the package's own arguments: they are for Lambda. A single process takes the whole browser
  // with it when one part fails, and a browser without web security would hide what a page may not do.
  const executablePath = await chromium.executablePath();
  const browser = await playwright.launch({ executablePath, args: ["--disable-gpu"], headless: true });
  try {
    const context = await browser.newContext({
      baseURL: origin, viewport: { width: 1280, height: 800 }, colorScheme: "light",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    try {
      await test(page);
    } catch (error) {
      await keepScreenshot(page);
      throw error;
    }
  } finally {
    await browser.close();
  }
}

/**
 * Returns a file that tells where the font is. The package's own file names /tmp, whatever the
 * temporary folder is, and a page without any font takes its process down.
 */
function fontSettings() {
  const file = `${tmpdir()}/fonts.conf`;
  const folders = `<dir>${tmpdir()}/fonts</dir><cachedir>${tmpdir()}/fonts-cache</cachedir>`;
  writeFileSync(file, `<?xml version="1.0"?><fontconfig>${folders}</fontconfig>\n`);
  return file;
}

/** A browser that is gone has no screenshot; the test's own error must still be seen. */
async function keepScreenshot(page) {
  const { FAILURES } = process.env;
  if (!FAILURES) return;
  const path = `${FAILURES}/console-failed.png`;
  try {
    await page.screenshot({ path, fullPage: true });
    console.error(`the page as it was: ${path}`);
  } catch (error) {
    console.error(`no screenshot: ${error.message}`);
  }
}
