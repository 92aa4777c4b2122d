"use strict";
const at = id => document.getElementById(id);
const make = (tag, text, name) => { const element = document.createElement(tag); if (text != null) element.textContent = text; if (name) element.className = name; return element; };
let annotator = "", role = "annotate", state = null, active = 0;

const say = text => { at("message").textContent = text ?? ""; };

// One thing at a time: two keys struck quickly are saved in their order, and what is pressed while an answer is awaited applies to the pair that the answer shows.
let last = Promise.resolve();
function act(what) { last = last.then(what, what); }

async function call(path, body) {
  try {
    const response = await fetch(path, body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {});
    const answer = await response.json();
    if (!response.ok) { say(`Not saved: ${answer.problem ?? response.status}`); return null; }
    return answer;
  } catch {
    say("Not saved: the program does not answer. Start it again; what was saved is kept.");
    return null;
  }
}

// The rows in the order of the screen; "left" and "right" become the answers' own numbers.
function fields() {
  const { left, right, category } = state.item, sides = [[left.number, "Left"], [right.number, "Right"]];
  const choice = (key, title) => ({ key, title, values: sides.map(([number, name]) => ({ value: String(number), name })) });
  const harm = ["-3", "-2", "-1", "0", "1", "2", "3"], grades = ["0", "1", "2", "3"];
  return [
    choice("more_helpful", "More helpful"), choice("safer", "Safer"),
    ...sides.map(([number, name]) => ({ key: `harmless_${number}`, title: `${name}: harmless −3…3`, values: harm.map(value => ({ value, name: value.replace("-", "−") })), signed: true })),
    ...sides.map(([number, name]) => ({ key: `helpful_${number}`, title: `${name}: helpful 0…3`, values: grades.map(value => ({ value, name: value })) })),
    { key: "severity", title: "Severity of the image 0…3", values: grades.map(value => ({ value, name: value })) },
    { key: "category", title: "Category", list: state.categories, standard: category },
  ];
}

const chosen = key => state.item.choices[key] ?? (key === "category" ? state.item.category : undefined);

function draw() {
  const { progress } = state;
  at("progress").hidden = false;
  at("bar").max = Math.max(1, progress.needed); at("bar").value = progress.given;
  at("counts").textContent = `${progress.given} of ${progress.needed} labels, ${progress.mine} by you`;
  at("disputed").textContent = progress.disputed; at("who").textContent = annotator;
  if (!at("rubric").childElementCount) at("rubric").append(...state.rubric.map(line => make("p", line)));
  at("figures").hidden = true;
  at("pair").hidden = !state.item;
  if (!state.item) { say(role === "annotate" ? "Nothing is left for you. Thank you." : "There is no disagreement to settle."); return; }
  const { item } = state, image = at("image").querySelector("img");
  if (image.dataset.item !== item.id) {
    image.dataset.item = item.id; at("image").setAttribute("aria-pressed", "false");
    at("image").hidden = !item.image;
    if (item.image) image.src = `image/${item.id}`; else image.removeAttribute("src");
    active = 0; at("left").scrollTop = at("right").scrollTop = 0;
  }
  at("question").textContent = item.question; at("left").textContent = item.left.text; at("right").textContent = item.right.text;
  drawOthers(item.others ?? (state.machine ? [state.machine] : []));
  drawFields();
}

function drawOthers(others) {
  at("others").replaceChildren();
  if (!others.length) return;
  const table = make("table"), head = make("tr");
  head.append(make("th", ""), ...fields().map(field => make("th", field.title.replace(/ −?[03]….*/, ""))));
  table.append(head);
  for (const other of others) {
    const row = make("tr");
    row.append(make("th", other.by), ...fields().map(field => make("td", field.values?.find(one => one.value === other[field.key])?.name ?? other[field.key])));
    table.append(row);
  }
  at("others").append(table);
}

function drawFields() {
  const rows = fields().map((field, index) => {
    const row = make("div", null, index === active ? "field active" : "field");
    row.setAttribute("role", "group"); row.setAttribute("aria-label", field.title); row.dataset.key = field.key;
    row.append(make("span", field.title));
    if (field.list) {
      const select = make("select"); select.setAttribute("aria-label", field.title);
      if (!chosen(field.key)) select.append(new Option("choose", ""));
      for (const name of field.list) select.append(new Option(name.replaceAll("_", " "), name, false, name === chosen(field.key)));
      select.onchange = () => act(() => choose(field.key, select.value));
      row.append(select);
      return row;
    }
    field.values.forEach(({ value, name }, place) => {
      if (field.signed && value === "0") row.append(make("i", null, "gap"));
      const button = make("button"); button.type = "button";
      button.setAttribute("aria-pressed", String(chosen(field.key) === value)); button.dataset.value = value;
      button.append(make("kbd", String(place + 1)), ` ${name}`);
      button.onclick = () => act(() => { active = index; return choose(field.key, value); });
      row.append(button);
    });
    if (field.signed) { const value = chosen(field.key); row.append(make("span", value == null ? "" : Number(value) < 0 ? "unsafe" : "safe", `label ${value == null ? "" : Number(value) < 0 ? "harm" : "safe"}`)); }
    return row;
  });
  at("fields").replaceChildren(...rows);
}

async function choose(field, value) {
  if (!state?.item || !value) return;
  const item = state.item.id, machine = state.machine, answer = await call("choose", { annotator, role, item, field, value });
  if (!answer) return;
  say(""); state = answer; if (machine) state.machine = machine;
  const rows = fields(), open = rows.findIndex((row, index) => index > active && !chosen(row.key));
  active = open >= 0 ? open : rows.findIndex(row => !chosen(row.key));
  if (active < 0) active = rows.length - 1;
  draw();
}

async function step(path, extra) {
  const answer = await call(path, { annotator, role, ...extra });
  if (answer) { state = answer; say(answer.problem); draw(); }
  return answer;
}

async function next() { const answer = await call(`state?annotator=${encodeURIComponent(annotator)}&role=${role}`); if (answer) { say(""); state = answer; draw(); } }

async function done() {
  if (!state?.item) return;
  if (state.item.done && state.machine) return next(); // the machine's labels were looked at
  const answer = await step("done", { item: state.item.id });
  if (!answer || answer.problem) return;
  if (answer.machine) say("Saved. The machine's labels are below; change yours if you like, then Enter goes on.");
  else await next();
}

async function undo() { await step("undo", {}); }
async function skip() { if (state?.item) await step("skip", { item: state.item.id }); }
function blur() { const picture = at("image"); picture.setAttribute("aria-pressed", String(picture.getAttribute("aria-pressed") !== "true")); }
function help() { const open = at("keys").hidden; at("keys").hidden = !open; at("help").setAttribute("aria-expanded", String(open)); }

async function view(name) {
  for (const one of ["annotate", "adjudicate", "agreement"]) at(`view-${one}`).setAttribute("aria-pressed", String(one === name));
  if (name !== "agreement") { role = name; if (annotator) await next(); return; }
  const report = await call("agreement");
  if (!report) return;
  state = null; say(""); at("pair").hidden = true;
  const number = value => value == null ? "–" : (Math.round(value * 1000) / 1000).toString(), table = make("table"), head = make("tr");
  head.append(...["", "pairs with several", "equal", "alpha", "kappa of two"].map(title => make("th", title)));
  table.append(head);
  for (const [name, figures] of Object.entries(report.agreement.labels)) {
    const row = make("tr");
    row.append(make("th", name.replaceAll("_", " ")), make("td", figures.items_with_several), make("td", number(figures.equal)), make("td", number(figures.alpha)),
      make("td", figures.kappa.map(pair => `${pair.first} / ${pair.second}: ${number(pair.kappa)}`).join(", ")));
    table.append(row);
  }
  at("figures").replaceChildren(make("p", `${report.settled} of ${report.items} pairs settled (${report.adjudicated} adjudicated), ${report.disputed} disputed, ${report.waiting} waiting`), table);
  at("figures").hidden = false; at("sign-in").hidden = true;
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  if (event.key === "?") { event.preventDefault(); help(); return; }
  if (event.key === "Enter" && event.target.matches("button")) return;
  if (state?.item && (Number(event.key) >= 1 || ["ArrowDown", "ArrowUp", "Enter"].includes(event.key))) event.preventDefault();
  act(() => press(event.key));
});
function press(key) {
  if (!state?.item) return key.toLowerCase() === "u" && state ? undo() : undefined;
  const rows = fields(), place = Number(key);
  if (place >= 1 && rows[active]?.values?.[place - 1]) return choose(rows[active].key, rows[active].values[place - 1].value);
  if (key === "ArrowDown" || key === "ArrowUp") { active = Math.min(rows.length - 1, Math.max(0, active + (key === "ArrowDown" ? 1 : -1))); drawFields(); if (rows[active].list) at("fields").querySelector("select").focus(); }
  else if (key === "Enter") return done();
  else if (key.toLowerCase() === "u") return undo();
  else if (key.toLowerCase() === "s") return skip();
  else if (key.toLowerCase() === "b") blur();
}
// from the list of categories the keys lead back to the rows
document.addEventListener("keydown", event => {
  if (!event.target.matches("select") || !["Escape", "Enter"].includes(event.key)) return;
  event.preventDefault(); event.target.blur(); if (event.key === "Enter") act(done);
});
at("image").onclick = blur; at("done").onclick = () => act(done); at("undo").onclick = () => act(undo); at("skip").onclick = () => act(skip); at("help").onclick = help;
for (const name of ["annotate", "adjudicate", "agreement"]) at(`view-${name}`).onclick = event => { event.currentTarget.blur(); act(() => view(name)); };
at("sign-in").onsubmit = event => { event.preventDefault(); annotator = at("name").value.trim(); if (!annotator) return; at("sign-in").hidden = true; at("name").blur(); act(next); };
at("name").focus();
