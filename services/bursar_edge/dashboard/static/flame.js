// Tokens as a flame graph: the whole above its calls, each call above its kinds of tokens; and the same as a tree of words.

import { h, s } from "./dom.js";
import { count, percent, ratio, tokens } from "./figures.js";

const WIDTH = 1000;
const ROW = 26;
const TONES = ["#2f5fa8", "#0f6e56", "#6a4c93", "#8a5a00", "#7c3b3b"];

/** Calls with what each took: [{name, size, parts}], largest first. */
function calls(entries) {
  const found = new Map();
  for (const entry of entries.filter((one) => tokens(one.usage) > 0n)) {
    const name = entry.call_id || entry.kind;
    const before = found.get(name) ?? { name, size: 0n, parts: new Map() };
    for (const [kind, size] of kinds(entry.usage)) before.parts.set(kind, (before.parts.get(kind) ?? 0n) + size);
    before.size += tokens(entry.usage);
    found.set(name, before);
  }
  return [...found.values()].sort((a, b) => (a.size < b.size ? 1 : -1));
}

/** A usage by kinds that do not overlap, so that they add up to all its tokens. */
function kinds(usage) {
  const of = (name) => BigInt(usage[name] ?? 0);
  const read = of("cached_input_tokens");
  const written = of("cache_write_tokens") + of("cache_write_1h_tokens");
  const parts = [["input", of("input_tokens") - read - written], ["read from the provider's cache", read],
    ["written to the provider's cache", written], ["output", of("output_tokens") - of("reasoning_tokens")],
    ["reasoning", of("reasoning_tokens")]];
  return parts.filter(([, size]) => size > 0n);
}

export function flame(entries) {
  const all = calls(entries);
  const whole = all.reduce((sum, call) => sum + call.size, 0n);
  if (whole === 0n) return h("p", { class: "empty" }, "No tokens were used.");
  const boxes = [box("all", whole, whole, 0, 0, 3)];
  let x = 0;
  all.forEach((call, i) => {
    boxes.push(box(call.name, call.size, whole, x, 1, i % 2));
    let at = x;
    for (const [kind, size] of call.parts) {
      boxes.push(box(kind, size, whole, at, 2, kind === "output" || kind === "reasoning" ? 4 : 2));
      at += ratio(size, whole) * WIDTH;
    }
    x += ratio(call.size, whole) * WIDTH;
  });
  return h("div", { class: "flame", "aria-hidden": "true" },
    s("svg", { viewBox: `0 0 ${WIDTH} ${3 * ROW}`, preserveAspectRatio: "none" }, boxes));
}

function box(name, size, whole, x, row, tone) {
  const width = ratio(size, whole) * WIDTH;
  const text = `${name}: ${count(size)}`;
  const room = Math.floor((width - 8) / 7);
  return s("g", {}, s("rect", { x, y: row * ROW, width: Math.max(width - 1, 0.5), height: ROW - 2, rx: 3, fill: TONES[tone] }),
    s("title", {}, `${text} (${percent(ratio(size, whole))})`),
    room > 4 ? s("text", { x: x + 6, y: row * ROW + 16 }, text.length > room ? `${text.slice(0, room - 1)}…` : text) : null);
}

export function tree(entries) {
  const all = calls(entries);
  const whole = all.reduce((sum, call) => sum + call.size, 0n);
  if (whole === 0n) return null;
  return h("ul", { class: "tree", id: "tree" }, h("li", {}, `All: ${count(whole)} tokens`, h("ul", {}, all.map((call) => h("li", {},
    h("details", { id: `call-${call.name}` }, h("summary", {}, h("span", { class: "id" }, call.name),
      ` ${count(call.size)} tokens, ${percent(ratio(call.size, whole))}`),
    h("ul", {}, h("li", {}, h("a", { href: `#/audit/${encodeURIComponent(call.name)}` }, "Audit of this call")), [...call.parts].map(([kind, size]) => h("li", {}, `${kind}: ${count(size)}`)))))))));
}
