// The dashboard in a headless browser, by keyboard alone: node dashboard.mjs BASE-URL KEY CHROMIUM
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [base, key, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
const faults = [];
page.on("pageerror", error => faults.push(String(error)));
page.on("console", message => { if (message.type() === "error" && !message.text().includes("401")) faults.push(message.text()); });
page.on("request", request => { if (!request.url().startsWith(base)) faults.push(`asks for ${request.url()}`); });

await page.goto(`${base}/dashboard`);
await page.locator("#login").waitFor();
await page.locator("#key").focus();
await page.keyboard.type(key);
await page.keyboard.press("Enter");
await page.locator("#main").waitFor();

// What a screen reader is told.
assert.match(await page.locator("#rate").getAttribute("aria-label"), /^1 passed and 2 did not/);
assert.equal(await page.getByRole("row", { name: "dangerous behavior" }).count(), 1);
for (const name of ["Outcomes", "Threshold explorer", "To review"]) assert.equal(await page.getByRole("heading", { name }).count(), 1);
assert.equal(await page.getByRole("listitem").count(), 2);

// Texts that were judged are shown as text: the markup in this question must not have become an element.
assert.equal(await page.locator("#queue b").count(), 0);
assert.match(await page.locator("#queue").innerText(), /<b>a forbidden question<\/b>/);

// Pictures are blurred until a person asks for them.
const picture = page.locator("#queue img");
assert.match(await picture.evaluate(image => getComputedStyle(image).filter), /blur/);
await page.getByRole("button", { name: "Show the image" }).focus();
await page.keyboard.press("Space");
assert.equal(await picture.evaluate(image => getComputedStyle(image).filter), "none");

// One is confirmed and one overturned by keyboard; the focus moves on to what is left.
// The person names another category than the moderator did, by typing it into the list.
const category = page.getByRole("combobox", { name: "Category" }).first();
assert.equal(await category.inputValue(), "");
await category.focus();
await page.keyboard.type("animal abuse");
assert.equal(await category.inputValue(), "animal_abuse");
await page.keyboard.press("Tab");
assert.equal(await page.evaluate(() => document.activeElement.textContent), "Confirm: unsafe");
await page.keyboard.press("Enter");
await page.getByText("Confirmed as unsafe.").waitFor();
await page.getByRole("button", { name: "Overturn: safe" }).focus();
await page.keyboard.press("Enter");
await page.getByText("Overturned: recorded as safe.").waitFor();
await page.reload();
await page.getByText("0 of 1 unsafe would be missed, 1 of 1 safe would be false alarms.").waitFor();
await page.getByRole("slider").focus();
await page.keyboard.press("End");
assert.equal(await page.locator("#threshold-value").innerText(), "1.00");

const exported = (await page.evaluate(async () => (await fetch("/dashboard/export")).text())).trim().split("\n").map(line => JSON.parse(line));
assert.deepEqual(exported.map(row => row.category).sort(), ["animal_abuse", "dangerous_behavior"]);

await page.getByRole("button", { name: "Sign out" }).press("Enter");
await page.locator("#login").waitFor();
assert.equal(await page.locator("#main").isVisible(), false);
assert.deepEqual(faults, []);
await browser.close();
console.log("all is well");
