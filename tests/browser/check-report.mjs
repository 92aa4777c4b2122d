// Checks the demo's report as a reader would see it.
//   node check-report.mjs report.html        exit 0 and one line of what was seen, or exit 1 and one line of what is wrong
import { checkPage } from "./page.mjs";

await checkPage(process.argv[2], async (page, seen, name, check) => {
  check(seen.charts > 0, "no charts");
  check(seen.images > 0, "no images");
  check(await page.locator(".gallery .item").count() > 0, "the gallery is empty");
  check(await page.evaluate(() => [...document.images].filter(image => getComputedStyle(image).imageRendering !== "pixelated").length) === 0, "images are smoothed");
  if (name !== "light") return;

  // the gallery's controls, by keyboard as by mouse
  const shown = risk => page.evaluate(wanted => [...document.querySelectorAll(`.item[data-risk="${wanted}"]`)].filter(item => item.offsetParent).length, risk);
  const risky = await shown("risky");
  await page.click("label:has(#show-benign)");
  check(await shown("risky") === 0, "the filter does not hide risky images");
  await page.focus("#show-benign");
  await page.keyboard.press("ArrowUp");
  check(await shown("benign") === 0 && await shown("risky") === risky, "the filter does not hide benign images");
  await page.click("label:has(#show-all)");
  check(await shown("risky") === risky, "the filter does not bring all images back");
  const shades = page.locator(".gallery .shade");
  if (await shades.count() > 0) {
    const filter = () => shades.first().locator("img").evaluate(image => getComputedStyle(image).filter);
    check(await filter() === "none", "images are blurred unasked");
    await page.check("#blur");
    check((await filter()).includes("blur"), "the blur does not blur");
    await shades.first().locator("input").focus();
    await page.keyboard.press("Space");
    check(await filter() === "none", "the blur does not lift");
    await page.uncheck("#blur");
  }
  // what a pointer finds on a chart
  check(await page.locator(".plot .column title").count() > 10, "columns tell nothing");
  check((await page.pdf({ preferCSSPageSize: true })).length > 20000, "print: no PDF");
}, seen => `${seen.charts} charts drawn, ${seen.images} images loaded`);
