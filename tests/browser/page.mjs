// What every page of the kit is held to, in headless Chromium with every network request refused.
// CHROMIUM names another browser than Debian's.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export const finish = (code, line) => { console.log(line.replaceAll("\n", " ")); process.exit(code); };

const look = () => {
  const charts = [...document.querySelectorAll(".plot")];
  const images = [...document.images].filter(image => image.src); // one without an address waits until it is scrolled to
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
  return {
    title: document.querySelector("h1")?.textContent.trim() ?? "",
    charts: charts.length,
    undrawn: charts.filter(chart => !chart.querySelector('path.line[d*="L"], .mark, .ring')).map(chart => chart.id),
    invisible: charts.filter(chart => { const box = chart.getBoundingClientRect(); return box.width < 100 || box.height < 100; }).map(chart => chart.id),
    unnamed: charts.filter(chart => !chart.getAttribute("aria-label")).map(chart => chart.id),
    images: images.length,
    broken: images.filter(image => !(image.complete && image.naturalWidth > 0)).length,
    speechless: images.filter(image => !image.alt).length,
    background: getComputedStyle(document.body).backgroundColor,
    ink: getComputedStyle(document.body).color,
    label: (() => { const text = document.querySelector(".plot text.tick"); return text ? getComputedStyle(text).fill : null; })(),
    card: (() => { const card = document.querySelector(".chart"); return card ? getComputedStyle(card).backgroundColor : null; })(),
    colours: [...new Set([...document.querySelectorAll(".plot .line:not(.faint), .plot .mark")].map(mark => getComputedStyle(mark)[mark.matches(".mark") ? "fill" : "stroke"]))],
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: [...document.querySelectorAll("h1,h2,h3")].map(heading => +heading.tagName[1]),
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    dead: [...document.querySelectorAll('a[href^="#"]')].filter(link => !document.getElementById(link.hash.slice(1))).length,
  };
};

const rgb = text => (text ?? "").match(/[\d.]+/g)?.slice(0, 3).map(Number) ?? [0, 0, 0];
const luminance = colour => rgb(colour).map(v => v / 255).map(v => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => { const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };

/** Opens the page light, dark and narrow; calls further(page, seen, name, check) in each, and ends the process with one line. */
export async function checkPage(file, further, said) {
  if (!file || !existsSync(file)) finish(1, `no page at ${file ?? "(no path given)"}`);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  }).catch(error => finish(1, `Chromium does not start: ${error.message.split("\n")[0]}`));
  const address = pathToFileURL(resolve(file)).href;
  const wrong = [];

  async function open(view) {
    const context = await browser.newContext({ offline: true, reducedMotion: "reduce", ...view });
    context.setDefaultTimeout(120000); // a busy machine is slow, not wrong
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
    return page;
  }

  let seen;
  for (const [name, view] of [
    ["light", { viewport: { width: 1280, height: 900 }, colorScheme: "light" }],
    ["dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
    ["narrow", { viewport: { width: 390, height: 844 }, colorScheme: "light" }],
  ]) {
    const check = (holds, what) => { if (!holds) wrong.push(`${name}: ${what}`); };
    try {
      const page = await open(view);
      seen = await page.evaluate(look);
      check(seen.title, "no headline");
      check(seen.undrawn.length === 0, `charts not drawn: ${seen.undrawn}`);
      check(seen.invisible.length === 0, `charts without size: ${seen.invisible}`);
      check(seen.unnamed.length === 0, `charts without words: ${seen.unnamed}`);
      check(seen.broken === 0, `${seen.broken} of ${seen.images} images do not load`);
      check(seen.speechless === 0, `${seen.speechless} images without words`);
      check((luminance(seen.background) < 0.1) === (name === "dark"), `background ${seen.background}`);
      check(contrast(seen.background, seen.ink) >= 7, `text contrast ${contrast(seen.background, seen.ink).toFixed(1)}`);
      check(seen.charts === 0 || contrast(seen.card, seen.label) >= 4.5, `chart label contrast ${contrast(seen.card, seen.label).toFixed(1)}`);
      for (const colour of seen.colours) check(contrast(seen.card, colour) >= 3, `a curve of ${colour} has contrast ${contrast(seen.card, colour).toFixed(1)}`);
      check(seen.wide <= 1, `${seen.wide} px wider than the window`);
      check(seen.headings.filter(level => level === 1).length === 1 && seen.headings.every((level, i) => i === 0 || level - seen.headings[i - 1] <= 1), "headings skip a level");
      check(seen.twice.length === 0, `ids used twice: ${seen.twice}`);
      check(seen.dead === 0, `${seen.dead} links lead nowhere`);
      await further(page, seen, name, check);
      if (name === "light") {
        // paper: nothing wider than the page
        await page.emulateMedia({ media: "print" });
        await page.setViewportSize({ width: 704, height: 1000 }); // A4 less its margins
        const paper = await page.evaluate(() => [...document.querySelectorAll("figure, table, .item, .flip, .card, .plot > svg")]
          .filter(element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length);
        check(paper === 0, `print: ${paper} elements run off the paper`);
      }
      await page.context().close();
    } catch (error) {
      finish(1, `${name}: ${wrong[0] ?? error.message}`);
    }
  }
  await browser.close();
  if (wrong.length) finish(1, `${wrong.length} wrong: ${[...new Set(wrong)].slice(0, 5).join(" | ")}`);
  finish(0, `${said(seen)}, light, dark, narrow and print in order, nothing asked of the network`);
}
