// Drives one browser with one page, told by JSON lines on standard input; knows no page.
//
// Input: {"id", "method", "params"}. Output: {"id", "value"} or {"id", "error"}, and without an id
// {"event": "console" | "error" | "crash", "text"}. The browser ends with standard input.

import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

let browser = null;
let page = null;

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** `options`: browser ("chrome" or "firefox"), executable, args, prefs, profile, preload, viewport. */
async function launch(options) {
  const firefox = options.browser === "firefox";
  browser = await puppeteer.launch({
    browser: options.browser,
    executablePath: options.executable,
    args: options.args,
    extraPrefsFirefox: options.prefs,
    userDataDir: firefox ? undefined : options.profile,
    // Chromium is spoken to over a pipe, so no port is open; Firefox has its WebSocket only.
    pipe: !firefox,
    headless: true,
    acceptInsecureCerts: true,
    defaultViewport: options.viewport,
    dumpio: false,
    timeout: 60_000,
    protocolTimeout: 120_000,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  page = (await browser.pages())[0] ?? (await browser.newPage());
  page.on("console", (entry) =>
    send({ event: "console", text: `${entry.type()}: ${entry.text()}` }),
  );
  page.on("pageerror", (error) => send({ event: "error", text: String(error) }));
  page.on("error", (error) => send({ event: "crash", text: String(error) }));
  for (const script of options.preload) await page.evaluateOnNewDocument(script);
  return { version: await browser.version(), pid: browser.process()?.pid ?? null };
}

const methods = {
  launch,
  async open({ url }) {
    await page.goto(url, { waitUntil: "domcontentloaded", timeout: 60_000 });
  },
  /** A second tab, behind the page: something to share. */
  async openTab({ url }) {
    const tab = await browser.newPage();
    await tab.goto(url, { timeout: 60_000 });
    await page.bringToFront();
  },
  front: () => page.bringToFront(),
  evaluate: ({ expression }) => page.evaluate(expression),
  async click({ selector }) {
    const element = await page.waitForSelector(selector, { visible: true, timeout: 60_000 });
    await element.click();
  },
  async type({ selector, text }) {
    const element = await page.waitForSelector(selector, { visible: true, timeout: 60_000 });
    await element.click();
    await page.keyboard.type(text);
  },
  press: ({ key }) => page.keyboard.press(key),
  viewport: ({ width, height }) => page.setViewport({ width, height }),
  scheme: ({ value }) => page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]),
  async screenshot({ path }) {
    await page.screenshot({ path });
  },
  /** The person lets pages of that origin do so. */
  permit: ({ origin, permissions }) =>
    browser.defaultBrowserContext().overridePermissions(origin, permissions),
  /** What a push service would deliver to the service worker of that origin (Chromium). */
  async push({ origin, data }) {
    const session = await page.createCDPSession();
    const registered = new Promise((resolve) => {
      session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const found = registrations.find((one) => one.scopeURL === `${origin}/`);
        if (found) resolve(found.registrationId);
      });
    });
    await session.send("ServiceWorker.enable");
    const registrationId = await registered;
    await session.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data });
    await session.detach();
  },
  /** The value of an expression in the service worker that runs (Chromium). */
  async evaluateInWorker({ expression }) {
    const target = await browser.waitForTarget((one) => one.type() === "service_worker", {
      timeout: 60_000,
    });
    return (await target.worker()).evaluate(expression);
  },
  async close() {
    await browser?.close();
    browser = null;
  },
};

async function answer({ id, method, params }) {
  try {
    const value = await methods[method](params ?? {});
    send({ id, value: value ?? null });
  } catch (error) {
    send({ id, error: String(error?.stack ?? error) });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(JSON.parse(line)));
lines.on("close", async () => {
  await browser?.close().catch(() => browser?.process()?.kill("SIGKILL"));
  process.exit(0);
});
