// Starts the Chromium that an npm package ships, and keeps a screenshot of a test that fails.
//
// The package's program needs libraries (nss) that a bare machine lacks. The package has them for
// Amazon Linux, and lays them out when it believes to run there.

process.env.AWS_EXECUTION_ENV ??= "AWS_Lambda_nodejs22.x";
const { default: chromium } = await import("@sparticuz/chromium");
const { chromium: playwright } = await import("playwright-core");

/** Calls `test` with a page of 1280 by 800 in light colours. */
export async function withPage(origin, test) {
  const executablePath = await chromium.executablePath();
  const browser = await playwright.launch({ executablePath, args: chromium.args, headless: true });
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
      const { FAILURES } = process.env;
      if (FAILURES) await page.screenshot({ path: `${FAILURES}/console-failed.png`, fullPage: true });
      throw error;
    }
  } finally {
    await browser.close();
  }
}
