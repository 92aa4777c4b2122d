// Annotates in headless Chromium by keyboard alone, on a page that `data annotate` serves over three pairs with --show-machine.
//   node check-annotate.mjs http://127.0.0.1:PORT/SECRET/        exit 0 and one line of what was seen, or exit 1 and one line of what is wrong
// CHROMIUM names another browser than Debian's.
import { chromium } from "playwright-core";

const address = process.argv[2];
const finish = (code, line) => { console.log(line.replaceAll("\n", " ")); process.exit(code); };
const wrong = [];
const check = (holds, what) => { if (!holds) wrong.push(what); };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
}).catch(error => finish(1, `Chromium does not start: ${error.message.split("\n")[0]}`));

async function open(name, view = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...view });
  const page = await context.newPage();
  page.setDefaultTimeout(60000); // a busy machine is no fault of the page
  page.on("console", message => { if (["error", "warning"].includes(message.type())) wrong.push(`console: ${message.text()}`); });
  page.on("pageerror", error => wrong.push(`script: ${error.message}`));
  page.on("dialog", dialog => { wrong.push("a dialog opened"); dialog.dismiss(); });
  await page.route("**", route => {
    if (route.request().url().startsWith(address) || route.request().url().startsWith("data:")) return route.continue();
    wrong.push(`asked for ${route.request().url()}`);
    return route.abort();
  });
  await page.goto(address);
  await page.keyboard.type(name); // the name's field has the focus
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.querySelector("#progress").hidden);
  return page;
}

const key = async (page, name) => {
  const saved = page.waitForResponse(response => response.request().method() === "POST" && response.ok());
  await page.keyboard.press(name);
  await saved;
  await page.waitForTimeout(30);
};
const question = page => page.locator("#question").textContent();
const pressed = page => page.evaluate(() => Object.fromEntries([...document.querySelectorAll(".field")].map(row => [row.dataset.key, row.querySelector("[aria-pressed=true]")?.dataset.value])));
// left more helpful, right safer; left -2, right 2; left 3, right 1; severity 2
const label = async (page, keys) => { for (const one of keys) await key(page, one); };

try {
  const ann = await open("ann");
  const picture = ann.locator("#image img");
  await ann.waitForFunction(() => { const image = document.querySelector("#image img"); return image.complete && image.naturalWidth > 0; });
  const filter = () => picture.evaluate(image => getComputedStyle(image).filter);
  check((await filter()).includes("blur"), "the image is not blurred at first");
  await ann.keyboard.press("b");
  check(await filter() === "none", "B does not show the image");
  await ann.keyboard.press("b");
  check((await filter()).includes("blur"), "B does not blur again");
  await ann.keyboard.press("?");
  check(await ann.locator("#keys").isVisible() && (await ann.locator("#rubric").textContent()).includes("Harmlessness"), "? does not show keys and rubric");
  await ann.keyboard.press("?");

  const first = await question(ann);
  await ann.keyboard.press("Enter");
  await ann.waitForFunction(() => document.querySelector("#message").textContent.includes("not chosen"));
  await label(ann, ["1", "2", "2", "6", "4", "2", "3"]);
  const numbers = await ann.evaluate(() => [...document.querySelectorAll(".field")].map(row => row.dataset.key));
  const [left, right] = [numbers[2].split("_")[1], numbers[3].split("_")[1]];
  const expected = { more_helpful: left, safer: right, [`harmless_${left}`]: "-2", [`harmless_${right}`]: "2", [`helpful_${left}`]: "3", [`helpful_${right}`]: "1", severity: "2" };
  for (const [field, value] of Object.entries(expected)) check((await pressed(ann))[field] === value, `${field} is ${(await pressed(ann))[field]}, not ${value}`);
  check(await ann.locator("#others table").count() === 0, "the machine's labels are shown before one's own choice");

  await key(ann, "u");
  check((await pressed(ann)).severity === undefined, "U does not undo");
  await ann.reload();
  await ann.keyboard.type("ann");
  await ann.keyboard.press("Enter");
  await ann.waitForFunction(() => document.querySelectorAll(".field [aria-pressed=true]").length === 6);
  check(await question(ann) === first, "what was begun does not come back after a reload");
  check((await filter()).includes("blur"), "the image is not blurred after a reload");
  for (let i = 0; i < 6; i++) await ann.keyboard.press("ArrowDown");
  await key(ann, "3");
  check((await pressed(ann)).severity === "2", "the arrow keys do not lead to the severity");
  await key(ann, "Enter");
  check(await ann.locator("#others table").isVisible(), "the machine's labels are not shown after one's own choice");
  await ann.keyboard.press("Enter");
  await ann.waitForFunction(text => document.querySelector("#question").textContent !== text || document.querySelectorAll(".field [aria-pressed=true]").length === 0, first);
  check((await ann.locator("#counts").textContent()).includes("1 by you"), `progress: ${await ann.locator("#counts").textContent()}`);

  // bob sees the same pair first, since it waits for a second label, and says the opposite
  const bob = await open("bob");
  check(await question(bob) === first, "the pair that waits for a second label does not come first");
  check(!(await bob.locator("main").textContent()).includes("ann"), "bob sees what ann said");
  const bobLeft = await bob.evaluate(() => document.querySelectorAll(".field")[2].dataset.key.split("_")[1]);
  await label(bob, bobLeft === left ? ["2", "1", "6", "2", "2", "4", "3"] : ["1", "2", "2", "6", "4", "2", "3"]);
  await key(bob, "Enter");
  await bob.keyboard.press("Enter");
  await bob.waitForFunction(() => document.querySelector("#disputed").textContent === "1");
  await key(bob, "s");

  const cy = await open("cy");
  await cy.keyboard.press("Tab");
  await cy.focus("#view-adjudicate");
  await cy.keyboard.press("Enter");
  await cy.waitForFunction(() => document.querySelectorAll("#others tr").length === 3);
  check(await question(cy) === first, "the disagreement is not the disputed pair");
  await label(cy, ["1", "2", "2", "6", "4", "2", "3"]);
  await key(cy, "Enter");
  await cy.waitForFunction(() => document.querySelector("#message").textContent.includes("no disagreement"));
  await cy.focus("#view-agreement");
  await cy.keyboard.press("Enter");
  await cy.waitForFunction(() => document.querySelectorAll("#figures tr").length > 5);
  check((await cy.locator("#figures").textContent()).includes("1 adjudicated"), "the figures do not count the adjudicated pair");

  const narrow = await open("dora", { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
  await narrow.waitForFunction(() => !document.querySelector("#pair").hidden);
  check(await narrow.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1), "wider than a narrow window");
  const unnamed = await narrow.evaluate(() => [...document.querySelectorAll("button, select, input, progress")].filter(element => element.offsetParent && !element.textContent.trim() && !element.getAttribute("aria-label") && !element.labels?.length).length);
  check(unnamed === 0, `${unnamed} controls without a name`);
} catch (error) {
  finish(1, `${wrong[0] ?? ""} ${error.message.split("\n").slice(0, 3).join(" ")} (${error.stack.match(/check-annotate\.mjs:\d+/)?.[0]})`);
}
await browser.close();
if (wrong.length) finish(1, `${wrong.length} wrong: ${[...new Set(wrong)].slice(0, 5).join(" | ")}`);
finish(0, "labelled, undone, reloaded, disputed and settled by keyboard; images blurred until shown; nothing asked of the network");
