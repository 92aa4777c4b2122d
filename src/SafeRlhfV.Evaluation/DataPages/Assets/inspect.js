"use strict";
// All text is only ever set as text, never as markup.
const rows = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
const make = (tag, text, name) => {
  const element = document.createElement(tag);
  if (text != null) element.textContent = text;
  if (name) element.className = name;
  return element;
};

for (const id of ["category", "severity", "split"])
  for (const value of [...new Set(rows.map(row => row[id]))].filter(value => value != null).sort()) at(id).append(new Option(value, value));

// an image is decoded when it comes near the screen
const near = new IntersectionObserver(entries => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    target.src = rows[target.dataset.row].images[target.dataset.image].address;
    near.unobserve(target);
  }
}, { rootMargin: "300px" });

function image(row, index, picture, n) {
  if (!picture.address) return make("p", picture.held ? "image cannot be shown" : "no image", "faint");
  const button = make("button", null, "image"), img = make("img");
  button.type = "button";
  button.ariaPressed = "false";
  button.title = "show or blur the image";
  img.alt = `image ${row.images.length > 1 ? n + 1 + " " : ""}of row ${row.id}`;
  img.dataset.row = index;
  img.dataset.image = n;
  if (picture.width) { img.width = picture.width; img.height = picture.height; }
  button.onclick = () => { button.ariaPressed = button.ariaPressed === "true" ? "false" : "true"; };
  button.append(img);
  near.observe(img);
  return button;
}

function response(row, one, number) {
  const marks = [one.safe === "yes" ? "safe" : one.safe === "no" ? "unsafe" : one.safe == null ? "no label" : `label ${one.safe}`];
  if (one.harmless != null) marks.push(`harmless ${one.harmless}`);
  if (one.helpful != null) marks.push(`helpful ${one.helpful}`);
  if (row.better == number) marks.push("more helpful");
  if (row.safer == number) marks.push("safer");
  if (row.overall == number) marks.push("better");
  if (one.from) marks.push(one.from);
  const box = make("div");
  box.append(make("div", marks.join(" · "), one.safe === "yes" ? "good" : "bad"), make("div", one.text, "response"));
  return box;
}

function turn(message) {
  const line = make("p", null, message.role === "user" ? "question" : "turn");
  line.append(make("span", `${message.role}${message.loss === false ? " (not learnt)" : ""}: `, "faint"));
  for (const part of message.parts) line.append(typeof part === "number" ? `[image ${part + 1}] ` : part);
  return line;
}

function card(row, index) {
  const article = make("article"), left = make("div"), right = make("div"), responses = make("div", null, "responses");
  left.append(...row.images.map((picture, n) => image(row, index, picture, n)));
  if (!row.images.length) left.append(make("p", "no image", "faint"));
  left.append(make("div", row.id, "faint"), make("div", `${row.category ?? "no category"} · severity ${row.severity ?? "–"}`, "faint"));
  if (row.question != null) right.append(make("p", row.question, "question"));
  right.append(...(row.messages ?? []).map(turn));
  responses.append(...row.responses.map((one, i) => response(row, one, i + 1)));
  right.append(responses);
  article.append(left, right);
  return article;
}

const kind = row => row.responses.every(one => one.safe === "yes") ? "safe" : row.responses.some(one => one.safe === "yes") ? "mixed" : "unsafe";
const texts = row => [
  row.question,
  ...(row.messages ?? []).flatMap(message => message.parts).filter(part => typeof part === "string"),
  ...row.responses.map(one => one.text),
];
let found = [], shown = 0;

function more() {
  for (const stop = Math.min(found.length, shown + 20); shown < stop; shown++) at("rows").append(card(rows[found[shown]], found[shown]));
}

function filter() {
  const wanted = ["category", "severity", "split"].map(id => [id, at(id).value]).filter(([, value]) => value);
  const label = at("label").value, text = at("text").value.toLowerCase();
  const fits = row => wanted.every(([id, value]) => String(row[id]) === value) && (!label || kind(row) === label)
    && (!text || texts(row).some(one => one && one.toLowerCase().includes(text)));
  found = [...rows.keys()].filter(index => fits(rows[index]));
  shown = 0;
  at("rows").replaceChildren();
  at("count").textContent = `${found.length} rows`;
  more();
}

new IntersectionObserver(entries => { if (entries[0].isIntersecting) more(); }, { rootMargin: "600px" }).observe(at("more"));
at("filters").addEventListener("input", filter);
filter();
