// Checks a page of a data set, of runs or of a guard as a reader would see it.
//   node check-page.mjs page.html        exit 0 and one line of what was seen, or exit 1 and one line of what is wrong
import { checkPage } from "./page.mjs";

await checkPage(process.argv[2], async (page, seen, name, check) => {
  if (await page.locator("#filters").count() === 0) return;
  // the browser of rows: filters, search, and images that are blurred until they are clicked
  check(seen.images > 0 || await page.locator(".image img").count() > 0, "no image is shown");
  const total = await page.locator("#count").textContent();
  await page.fill("#text", "findme");
  check(await page.locator("article").count() === 1, "the search does not find the one row");
  await page.fill("#text", "");
  check(await page.locator("#count").textContent() === total, "an empty search does not bring the rows back");
  await page.selectOption("#label", "safe");
  check(await page.locator(".response").count() > 0 && await page.locator("article .bad").count() === 0, "the filter shows unsafe responses among safe ones");
  await page.selectOption("#label", "");
  const button = page.locator(".image").first();
  const blur = () => button.locator("img").evaluate(image => getComputedStyle(image).filter);
  check((await blur()).includes("blur"), "an image is not blurred at first");
  await button.focus();
  await page.keyboard.press("Enter");
  check(await blur() === "none", "the blur does not lift");
}, seen => `${seen.charts} charts drawn, ${seen.images} images loaded`);
