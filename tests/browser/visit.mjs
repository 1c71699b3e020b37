// Visits pages as the JSON on standard input says, and tells what it saw as JSON on standard output.
// Input: {"packages": dir, "url": …, "visits": [{"hash", "width", "dark", "steps", "read", "picture", "judged"}]}
// A step is ["click", selector], ["fill", selector, text], ["select", selector, value], ["press", selector, key],
// ["wait", selector] or ["gone", selector]; `read` maps names to selectors, whose texts and data-exact come back.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const plan = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(pathToFileURL(`${plan.packages}/`));
const { default: chromium } = await import(pathToFileURL(require.resolve("@sparticuz/chromium")));
const { chromium: driver } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TIMEOUT_MS = 15_000;

const browser = await driver.launch({ executablePath: await chromium.executablePath(), args: ["--no-sandbox"] });
const told = [];
for (const visit of plan.visits) told.push(await visited(visit));
await browser.close();
process.stdout.write(JSON.stringify(told));

async function visited({ hash, width, dark, steps, read, picture, judged }) {
  // The judge is injected as a script of its own, which the pages' policy forbids to all others.
  const context = await browser.newContext({ viewport: { width, height: 900 }, bypassCSP: Boolean(judged),
    colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => { if (message.type() === "error") faults.push(message.text()); });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => { if (!request.url().startsWith(plan.url)) faults.push(`asked ${request.url()}`); });
  await page.goto(`${plan.url}/${hash}`);
  for (const step of steps ?? [["wait", "[data-loaded]"]]) await take(page, step);
  const seen = { faults, width: await page.evaluate(() => document.documentElement.scrollWidth), values: {} };
  for (const [name, selector] of Object.entries(read ?? {})) {
    seen.values[name] = await page.$$eval(selector, (found) => found.map((one) => ({ text: one.innerText, exact: one.dataset.exact })));
  }
  seen.first_paint_ms = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  if (picture) await page.screenshot({ path: picture, fullPage: true });
  if (judged) seen.serious = await serious(page);
  await context.close();
  return seen;
}

async function take(page, [act, selector, value]) {
  if (act === "click") await page.click(selector);
  else if (act === "fill") await page.fill(selector, value);
  else if (act === "select") await page.selectOption(selector, value);
  else if (act === "press") await page.press(selector, value);
  else await page.waitForSelector(selector, { state: act === "gone" ? "detached" : "visible" });
}

async function serious(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => (
    `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`));
}
