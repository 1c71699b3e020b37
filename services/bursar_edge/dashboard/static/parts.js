// Parts that several pages show: figures, levels, bars.

import { h, s } from "./dom.js";
import { METERS, WINDOWS, dateOf, duration, metered, percent, ratio } from "./figures.js";

/** A figure in a card of its own. `id` lets it be found; `exact` is the service's own value. */
export function figure(id, name, value, note, { exact = null, tone = null } = {}) {
  return h("dl", { class: "card figure" }, h("dt", {}, name),
    h("dd", { id, class: `big ${tone ?? ""}`, "data-exact": exact }, value), h("dd", { class: "soft small" }, note));
}

/** Pieces side by side along a line from 0 to 1: [{from, to, class}]. Says nothing to a screen reader: the text does. */
export function bar(pieces) {
  return s("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { width: 100, height: 10, class: "fill-track" }),
    pieces.map((one) => s("rect", { x: 100 * one.from, width: 100 * Math.max(0, one.to - one.from), height: 10,
      class: one.class })));
}

/** How a limit stands: settled, held, the amount. */
export function levelBar(level) {
  const amount = Number(level.limit.amount) + Number(level.carried_over);
  const settled = Math.min(1, amount ? Number(level.settled) / amount : 1);
  const held = Math.min(1 - settled, amount ? Number(level.held) / amount : 0);
  const used = ratio(Number(level.settled) + Number(level.held), amount);
  const tone = used >= 1 ? "fill-bad" : used >= 0.8 ? "fill-warn" : "fill-spent";
  return h("div", { class: "meter", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100",
    "aria-valuenow": String(Math.min(100, Math.round(100 * used))), "aria-label": `${level.limit.limit_id} used` },
  bar([{ from: 0, to: settled, class: tone }, { from: settled, to: settled + held, class: "fill-held" }]));
}

export function usedText(level) {
  const meter = level.limit.meter;
  const amount = BigInt(level.limit.amount) + BigInt(level.carried_over);
  const held = BigInt(level.held) ? `, ${metered(meter, level.held)} held` : "";
  return `${metered(meter, level.settled)} of ${metered(meter, amount)}${held}`;
}

export function windowText(limit) {
  const length = limit.window === "WINDOW_ROLLING" ? `in ${duration(limit.rolling_ns)}` : WINDOWS[limit.window];
  return `${METERS[limit.meter]} ${length}`;
}

/** One sentence on where a limit goes, from quota's forecast. */
export function forecastText(forecast) {
  if (!forecast) return "";
  const { level } = forecast;
  if (BigInt(level.available) <= 0n) {
    const end = level.window_ends_at_ns === "0" ? "" : ` until ${clock(level.window_ends_at_ns)}`;
    return `used up${end}`;
  }
  if (forecast.runs_out_at_ns !== "0") return `runs out ${clock(forecast.runs_out_at_ns)} at this pace`;
  if (forecast.expected_at_end === "0") return "nothing used yet";
  const share = ratio(forecast.expected_at_end, Number(level.limit.amount) + Number(level.carried_over));
  return `${percent(share)} expected at the window's end`;
}

export function selectorText(selector) {
  const fields = Object.entries(selector ?? {}).flatMap(([name, value]) => {
    if (name === "labels") return Object.entries(value).map(([label, text]) => `${label}=${text}`);
    return value && value !== "BACKEND_TIER_UNSPECIFIED" ? [`${name.replace(/_id$/, "")} ${value}`] : [];
  });
  return fields.join(", ") || "everything";
}

function clock(ns) {
  const at = dateOf(ns);
  const isToday = at.toDateString() === new Date().toDateString();
  return at.toLocaleString("en-GB", isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}
