"use strict";
// All text comes from requests that were judged, unsafe ones among them: it is only ever set as text, never as markup.
const byId = id => document.getElementById(id);
const say = text => { byId("status").textContent = text; };
const words = name => name.replace(/(?!^)([A-Z])/g, " $1").replace(/ [A-Z]/g, letter => letter.toLowerCase());
let labelled = [], categories = [], entries = 0;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function table(id, head, rows) {
  const headRow = element("tr", {}, ...head.map(text => element("th", { scope: "col", textContent: text })));
  const bodyRows = rows.map(row => element("tr", {}, element("th", { scope: "row", textContent: row[0] }), ...row.slice(1).map(text => element("td", { textContent: text }))));
  byId(id).replaceChildren(element("thead", {}, headRow), element("tbody", {}, ...bodyRows));
}

function showRate(minutes) {
  const most = Math.max(1, ...minutes.map(([passed, refused]) => passed + refused));
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${minutes.length * 10} 100`);
  svg.setAttribute("preserveAspectRatio", "none");
  const bar = (x, y, height, name) => {
    const rect = document.createElementNS(space, "rect");
    for (const [key, value] of Object.entries({ x, y, width: 8, height })) rect.setAttribute(key, value);
    rect.setAttribute("class", name);
    svg.append(rect);
  };
  minutes.forEach(([passed, refused], i) => {
    const low = 100 * passed / most, high = 100 * refused / most;
    bar(i * 10, 100 - low, low, "passed-bar");
    bar(i * 10, 100 - low - high, high, "refused-bar");
  });
  byId("rate").replaceChildren(svg);
  const total = minutes.reduce((sum, [passed, refused]) => [sum[0] + passed, sum[1] + refused], [0, 0]);
  byId("rate").setAttribute("aria-label", `${total[0]} passed and ${total[1]} did not; at most ${most} in one minute`);
}

function explore() {
  const threshold = Number(byId("threshold").value);
  byId("threshold-value").textContent = threshold.toFixed(2);
  const bad = labelled.filter(row => row.unsafe), good = labelled.filter(row => !row.unsafe);
  const misses = bad.filter(row => row.score < threshold).length, alarms = good.filter(row => row.score >= threshold).length;
  byId("explorer").textContent = labelled.length === 0
    ? "Nothing has been reviewed yet."
    : `${misses} of ${bad.length} unsafe would be missed, ${alarms} of ${good.length} safe would be false alarms.`;
}

async function review(entry, unsafe, category, item) {
  const response = await fetch("/dashboard/review", {
    method: "POST",
    headers: { "content-type": "application/json", "x-guard-dashboard": "1" },
    body: JSON.stringify({ request: entry.request, unsafe, ...(category && { category }) }),
  });
  if (!response.ok) return say("The review could not be recorded.");
  say(unsafe ? "Confirmed as unsafe." : "Overturned: recorded as safe.");
  const next = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  (next?.querySelector("button") ?? byId("main")).focus();
}

function queueItem(entry) {
  const item = element("li"), id = `entry-${++entries}`;
  const what = entry.failure ? "the moderator failed" : `${entry.severity}: ${entry.flagged.join(", ").replaceAll("_", " ") || "no category"}, score ${entry.score.toFixed(2)}`;
  item.append(element("p", { id, textContent: `${entry.at.slice(0, 19).replace("T", " ")} · ${entry.user || "nobody"} · ${words(entry.outcome)} · ${what}` }));
  for (const [name, text] of [["Question", entry.question], ["Answer", entry.answer]])
    if (text) item.append(element("p", { textContent: name }), element("blockquote", { textContent: text }));
  if (!entry.question) item.append(element("p", { textContent: "The texts were not kept." }));
  for (const name of entry.images) {
    const image = element("img", { src: `/dashboard/images/${encodeURIComponent(name)}`, alt: "The image of the request, blurred", loading: "lazy" });
    const reveal = element("button", { type: "button", textContent: "Show the image" });
    reveal.setAttribute("aria-pressed", "false");
    reveal.addEventListener("click", () => {
      const shown = image.classList.toggle("shown");
      reveal.setAttribute("aria-pressed", String(shown));
      image.alt = shown ? "The image of the request" : "The image of the request, blurred";
    });
    const figure = element("figure", {}, image);
    image.addEventListener("error", () => { figure.remove(); reveal.remove(); });
    item.append(figure, reveal);
  }
  const options = [element("option", { value: "", textContent: "as it was judged" }), ...categories.map(name => element("option", { value: name, textContent: name.replaceAll("_", " ") }))];
  const choice = element("select", {}, ...options);
  choice.setAttribute("aria-describedby", id);
  const confirm = element("button", { type: "button", textContent: "Confirm: unsafe" }), overturn = element("button", { type: "button", textContent: "Overturn: safe" });
  confirm.addEventListener("click", () => review(entry, true, choice.value, item));
  overturn.addEventListener("click", () => review(entry, false, choice.value, item));
  for (const button of item.querySelectorAll("button")) button.setAttribute("aria-describedby", id);
  for (const button of [confirm, overturn]) button.setAttribute("aria-describedby", id); // which request a button is about, where only buttons are read
  item.append(element("div", {}, element("label", { textContent: "Category " }, choice), confirm, overturn));
  return item;
}

function show(data) {
  showRate(data.minutes);
  table("outcomes", ["Outcome", "Requests"], Object.entries(data.outcomes).map(([name, count]) => [words(name), count]));
  table("rounds", ["Answers", "Requests"], Object.entries(data.rounds));
  table("latency", ["", "Median", "99th"], [["request", data.latency.p50.toFixed(1), data.latency.p99.toFixed(1)], ["guard", data.latency.guardP50.toFixed(1), data.latency.guardP99.toFixed(1)]]);
  table("flagged", ["Category", "Minor", "Moderate", "Severe"], Object.entries(data.flagged).map(([name, row]) => [name.replaceAll("_", " "), row.Minor ?? 0, row.Moderate ?? 0, row.Severe ?? 0]));
  labelled = data.labelled;
  categories = data.categories;
  explore();
  // A person who works in the queue keeps it as it is.
  if (!byId("queue").contains(document.activeElement)) byId("queue").replaceChildren(...data.queue.map(queueItem));
}

async function refresh() {
  const response = await fetch("/dashboard/data");
  const signedIn = response.ok;
  byId("login").hidden = signedIn || response.status !== 401;
  byId("main").hidden = byId("logout").hidden = !signedIn;
  if (signedIn) show(await response.json());
  else if (response.status !== 401) say("The figures cannot be had at present.");
  return signedIn;
}

byId("threshold").addEventListener("input", explore);
byId("login").addEventListener("submit", async event => {
  event.preventDefault();
  const response = await fetch("/dashboard/login", { method: "POST", headers: { authorization: `Bearer ${byId("key").value}` } });
  byId("key").value = "";
  if (!response.ok) return say((await response.json()).error.message);
  say("Signed in.");
  await refresh();
  byId("main").focus();
});
byId("logout").addEventListener("click", async () => {
  await fetch("/dashboard/logout", { method: "POST" });
  say("Signed out.");
  await refresh();
  byId("key").focus();
});
refresh().then(signedIn => { if (!signedIn && !byId("login").hidden) byId("key").focus(); });
setInterval(() => { if (!byId("main").hidden) refresh(); }, 5000);
