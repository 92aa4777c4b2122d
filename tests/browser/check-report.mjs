// Opens a report from disk in headless Chromium, with every network request refused, and checks what a reader would see.
//   node check-report.mjs report.html        exit 0 and one line of what was seen, or exit 1 and one line of what is wrong
// CHROMIUM names another browser than Debian's.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const file = process.argv[2];
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const finish = (code, line) => { console.log(line.replaceAll("\n", " ")); process.exit(code); };
if (!file || !existsSync(file)) finish(1, `no report at ${file ?? "(no path given)"}`);

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
}).catch(error => finish(1, `Chromium does not start: ${error.message.split("\n")[0]}`));

const address = pathToFileURL(resolve(file)).href;
const wrong = [];
const check = (holds, what) => { if (!holds) wrong.push(what); };

async function open(view) {
  const context = await browser.newContext({ offline: true, reducedMotion: "reduce", ...view });
  const page = await context.newPage();
  page.on("console", message => { if (message.type() === "error" || message.type() === "warning") wrong.push(`console: ${message.text()}`); });
  page.on("pageerror", error => wrong.push(`script: ${error.message}`));
  page.on("dialog", dialog => { wrong.push(`a dialog opened: ${dialog.message()}`); dialog.dismiss(); });
  await page.route("**", route => {
    const url = route.request().url();
    if (url === address || url.startsWith("data:")) return route.continue();
    wrong.push(`asked for ${url}`);
    return route.abort();
  });
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset.drawn !== undefined, null, { timeout: 120000 });
  return page;
}

const look = () => {
  const charts = [...document.querySelectorAll("script[data-chart]")].map(script => document.getElementById(script.dataset.chart));
  const images = [...document.images];
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id).filter(id => !id.includes("plotly") && !document.getElementById(id)?.closest("svg"));
  return {
    title: document.querySelector("h1")?.textContent.trim() ?? "",
    charts: charts.length,
    undrawn: charts.filter(chart => !chart?.querySelector("svg.main-svg .trace path, svg.main-svg .scatterlayer path")).map(chart => chart?.id),
    invisible: charts.filter(chart => { const box = chart?.getBoundingClientRect(); return !box || box.width < 100 || box.height < 100; }).map(chart => chart?.id),
    unnamed: charts.filter(chart => !chart?.getAttribute("aria-label")).map(chart => chart?.id),
    images: images.length,
    broken: images.filter(image => !(image.complete && image.naturalWidth > 0)).length,
    speechless: images.filter(image => !image.alt).length,
    gallery: document.querySelectorAll(".gallery .item").length,
    smooth: images.filter(image => getComputedStyle(image).imageRendering !== "pixelated").length,
    background: getComputedStyle(document.body).backgroundColor,
    ink: getComputedStyle(document.body).color,
    label: (() => { const text = document.querySelector(".plot .xtick text"); return text ? getComputedStyle(text).fill : null; })(),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: [...document.querySelectorAll("h1,h2,h3")].map(heading => +heading.tagName[1]),
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    dead: [...document.querySelectorAll('a[href^="#"]')].filter(link => !document.getElementById(link.hash.slice(1))).length,
  };
};

const rgb = text => (text ?? "").match(/[\d.]+/g)?.slice(0, 3).map(Number) ?? [0, 0, 0];
const luminance = colour => rgb(colour).map(v => v / 255).map(v => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => { const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };

let seen;
for (const [name, view] of [
  ["light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
  ["dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
  ["narrow", { viewport: { width: 390, height: 844 }, colorScheme: "light" }],
]) {
  const page = await open(view).catch(error => finish(1, `${name}: ${wrong[0] ?? error.message}`));
  seen = await page.evaluate(look);
  check(seen.title, `${name}: no headline`);
  check(seen.charts > 0, `${name}: no charts`);
  check(seen.undrawn.length === 0, `${name}: charts not drawn: ${seen.undrawn}`);
  check(seen.invisible.length === 0, `${name}: charts without size: ${seen.invisible}`);
  check(seen.unnamed.length === 0, `${name}: charts without words: ${seen.unnamed}`);
  check(seen.gallery > 0, `${name}: the gallery is empty`);
  check(seen.images > 0 && seen.broken === 0, `${name}: ${seen.broken} of ${seen.images} pictures do not load`);
  check(seen.speechless === 0, `${name}: ${seen.speechless} pictures without words`);
  check(seen.smooth === 0, `${name}: ${seen.smooth} pictures are smoothed`);
  check((luminance(seen.background) < 0.1) === (name === "dark"), `${name}: background ${seen.background}`);
  check(contrast(seen.background, seen.ink) >= 7, `${name}: text contrast ${contrast(seen.background, seen.ink).toFixed(1)}`);
  check(contrast(seen.background, seen.label) >= 4.5, `${name}: chart label contrast ${contrast(seen.background, seen.label).toFixed(1)}`);
  check(seen.wide <= 1, `${name}: ${seen.wide} px wider than the window`);
  check(seen.headings.filter(level => level === 1).length === 1 && seen.headings.every((level, i) => i === 0 || level - seen.headings[i - 1] <= 1), `${name}: headings skip a level`);
  check(seen.twice.length === 0, `${name}: ids used twice: ${seen.twice}`);
  check(seen.dead === 0, `${name}: ${seen.dead} links lead nowhere`);
  if (name === "light") {
    // the gallery's controls, by keyboard as by mouse
    await page.click('[data-show="benign"]');
    check(await page.evaluate(() => [...document.querySelectorAll('.item[data-risk="risky"]')].every(item => item.hidden)), "the filter does not hide risky pictures");
    await page.click('[data-show="all"]');
    if (await page.locator(".gallery .pixels.risky").count() > 0) {
      await page.check("#blur");
      const risky = page.locator(".gallery .pixels.risky").first();
      const filter = () => risky.evaluate(image => getComputedStyle(image).filter);
      check((await filter()).includes("blur"), "the blur does not blur");
      await risky.focus();
      await page.keyboard.press("Enter");
      check(await filter() === "none", "the blur does not lift");
      await page.uncheck("#blur");
    }
    // paper: nothing wider than the page
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 704, height: 1000 }); // A4 less its margins
    const paper = await page.evaluate(() => [...document.querySelectorAll("figure, table, .item, .flip, .card")].filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length);
    check(paper === 0, `print: ${paper} elements run off the paper`);
    check((await page.pdf({ preferCSSPageSize: true })).length > 20000, "print: no PDF");
  }
  await page.context().close();
}
await browser.close();
if (wrong.length) finish(1, `${wrong.length} wrong: ${[...new Set(wrong)].slice(0, 5).join(" | ")}`);
finish(0, `${seen.charts} charts drawn, ${seen.images} pictures loaded, light, dark, narrow and print in order, nothing asked of the network`);
