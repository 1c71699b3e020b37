// What is spent, what is saved and why, and where the limits stand.

import { dailyBars, spark } from "../charts.js";
import { h, swap, table } from "../dom.js";
import { CAUSES, count, percent, ratio, short, since, tokens, usd } from "../figures.js";
import { bar, figure, forecastText, levelBar, selectorText, usedText, windowText } from "../parts.js";
import { ask, askIfThere } from "../session.js";

export const title = "Overview";
const PERIODS = [["1", "Today"], ["7", "7 days"], ["30", "30 days"], ["0", "All time"]];
const SAMPLES_MAX = 240;
let days = 1;
// What was seen of each limit while this page is open, by limit and window: [[seconds, settled]].
const samples = new Map();

export function controls(again) {
  const choose = (event) => { days = Number(event.target.value); again(); };
  return h("label", {}, "Period (days are UTC)", h("select", { id: "period", onchange: choose },
    PERIODS.map(([value, name]) => h("option", { value, selected: Number(value) === days }, name))));
}

export function mount(root) {
  return async () => {
    const [report, models, daily, forecast, cache] = await Promise.all([
      ask("efficiency/Report", { since_ns: since(days) }),
      ask("efficiency/Report", { since_ns: since(days), group_by: ["DIMENSION_MODEL"] }),
      ask("efficiency/Report", { since_ns: since(30), group_by: ["DIMENSION_DAY"] }),
      ask("quota/Forecast"),
      askIfThere("cache/Stats"),
    ]);
    const chart = h("div", { class: "chart", "aria-hidden": "true" });
    swap(root, h("div", { class: "grid" }, figures(report, forecast, cache), waterfall(report.totals), day(daily, chart),
      h("h2", { class: "section", hidden: forecast.limits.length === 0 }, "Limits"),
      limits(forecast.limits), byModel(models.groups)));
    drawn(root, forecast.limits);
    dailyBars(chart, days30(daily.groups));
  };
}

function figures({ totals }, forecast, cache) {
  const spent = BigInt(totals.cost_nano_usd);
  const saved = BigInt(totals.cost_saved_nano_usd);
  const looked = BigInt(totals.cache_hits) + BigInt(totals.cache_misses);
  const pace = forecast.limits.find((one) => one.level.limit.meter === "METER_COST_NANO_USD");
  const cached = ratio(totals.usage?.cached_input_tokens ?? 0, totals.usage?.input_tokens ?? 0);
  const unpriced = BigInt(totals.calls_without_price);
  return [
    figure("spent", "Spent", usd(spent), unpriced ? `and ${count(unpriced)} calls without a known price`
      : `${count(totals.calls_made)} calls, ${short(tokens(totals.usage))} tokens`, { exact: totals.cost_nano_usd }),
    figure("saved", "Saved", usd(saved), `${percent(ratio(saved, spent + saved))} of what it would have cost`,
      { exact: totals.cost_saved_nano_usd, tone: "saved" }),
    figure("efficiency", "Efficiency", percent(totals.efficiency_rate), `${short(totals.tokens_saved)} tokens saved; `
      + "founding claim: 70 to 90 %", { exact: String(totals.efficiency_rate) }),
    figure("hit-rate", "Answered from the cache", percent(ratio(totals.cache_hits, looked)),
      `${count(totals.cache_hits)} of ${count(looked)} look-ups; ${percent(cached)} of input from the provider's cache`,
      { exact: totals.cache_hits }),
    figure("burn", "Burn rate", pace ? `${usd(pace.pace_per_hour)}/h` : "–", pace ? `by limit ${pace.level.limit.limit_id}`
      : "needs a limit on cost"),
    figure("avoided", "Calls avoided", count(totals.calls_avoided), `${count(totals.calls_made)} were made`,
      { exact: totals.calls_avoided }),
    figure("denied", "Denied by limits", count(totals.calls_denied), BigInt(totals.calls_unknown)
      ? `${count(totals.calls_unknown)} ended unknown, charged in full` : "none ended unknown", { exact: totals.calls_denied }),
    figure("entries", "Answers kept", cache ? count(cache.entries) : "–", cache
      ? `${short(cache.entry_bytes)}B` : "the cache is not here", { exact: cache?.entries }),
  ];
}

/** From what it would have cost down to what it did, cause by cause; the causes add up. */
function waterfall(totals) {
  const spent = BigInt(totals.cost_nano_usd);
  const saved = BigInt(totals.cost_saved_nano_usd);
  const whole = spent + saved;
  let left = whole;
  const rows = [{ name: "Without Bursar", amount: whole, from: 0, to: 1, class: "fill-base" }];
  for (const saving of totals.savings) {
    const amount = BigInt(saving.cost_nano_usd);
    const after = left - amount;
    const [from, to] = [after, left].map((edge) => ratio(edge, whole)).sort((a, b) => a - b);
    rows.push({ name: CAUSES[saving.cause] ?? saving.cause, amount: -amount, from, to,
      class: amount < 0n ? "fill-bad" : "fill-saved" });
    left = after;
  }
  rows.push({ name: "Spent", amount: spent, from: 0, to: ratio(spent, whole), class: "fill-spent" });
  return h("section", { class: "card half" }, h("h2", {}, "Saved, and why"), table("At the prices of each call",
    [{ name: "Cause", of: (row) => row.name, isHead: true }, { name: "", class: "bars", of: (row) => bar([row]) },
      { name: "Amount", of: (row) => usd(row.amount), isNumber: true }], rows, { class: "fall", id: "waterfall" }));
}

function day(daily, chart) {
  const spent = days30(daily.groups).filter((one) => one.nano_usd);
  return h("section", { class: "card half" }, h("h2", {}, "Spent a day, last 30 days"), chart,
    h("details", { id: "daily" }, h("summary", {}, "As a table"), table("Spent a day (UTC)",
      [{ name: "Day", of: (one) => new Date(one.at_s * 1000).toISOString().slice(0, 10), isHead: true },
        { name: "Spent", of: (one) => usd(one.nano_usd), isNumber: true }], spent)));
}

function days30(groups) {
  const spent = new Map(groups.map((group) => [group.keys[0], Number(group.totals.cost_nano_usd)]));
  const start_s = Number(BigInt(since(30)) / 1_000_000_000n);
  return Array.from({ length: 30 }, (_, i) => start_s + i * 86_400).map((at_s) => (
    { at_s, nano_usd: spent.get(new Date(at_s * 1000).toISOString().slice(0, 10)) ?? 0 }));
}

function limits(forecasts) {
  return h("ul", { class: "limits" }, forecasts.map((forecast) => {
    const { level } = forecast;
    return h("li", { "data-limit": level.limit.limit_id }, h("div", { class: "row" }, h("h3", {}, level.limit.limit_id),
      h("span", { class: "soft small" }, windowText(level.limit))), h("p", { class: "soft small" }, selectorText(level.limit.selector)),
    levelBar(level), h("div", { class: "row small" }, h("span", { "data-exact": level.settled }, usedText(level)),
      h("span", { class: BigInt(level.available) <= 0n ? "bad" : "soft" }, forecastText(forecast))),
    h("div", { class: "spark", "aria-hidden": "true" }));
  }));
}

/** A sparkline for each limit: from the window's start over what was seen here to the expected end. */
function drawn(root, forecasts) {
  const now_s = Date.now() / 1000;
  for (const forecast of forecasts) {
    const { level } = forecast;
    const name = `${level.limit.limit_id} ${level.window_id}`;
    const start_s = Number(BigInt(level.window_starts_at_ns) / 1_000_000_000n);
    const seen = samples.get(name) ?? (start_s ? [[start_s, 0]] : []);
    samples.set(name, [...seen, [now_s, Number(level.settled)]].slice(-SAMPLES_MAX));
    const end_s = Number(BigInt(level.window_ends_at_ns) / 1_000_000_000n);
    const most = level.limit.mode === "MODE_HARD" ? Number(level.limit.amount) + Number(level.carried_over) : Infinity;
    const leads = Math.max(Number(level.settled), Math.min(Number(forecast.expected_at_end), most));
    const expected = end_s && forecast.expected_at_end !== "0" ? [end_s, leads] : null;
    const at = root.querySelector(`[data-limit="${CSS.escape(level.limit.limit_id)}"] .spark`);
    spark(at, samples.get(name), expected, Number(level.limit.amount));
  }
}

function byModel(groups) {
  if (groups.length === 0) return h("p", { class: "card empty" }, "No calls in this period yet.");
  return h("section", { class: "card" }, h("h2", {}, "By model"), table("Calls, tokens and cost by model", [
    { name: "Model", of: (group) => group.keys[0] || "none", isHead: true },
    { name: "Calls", of: ({ totals }) => count(totals.calls_made), isNumber: true },
    { name: "Avoided", of: ({ totals }) => count(totals.calls_avoided), isNumber: true },
    { name: "Input", of: ({ totals }) => count(totals.usage?.input_tokens), isNumber: true },
    { name: "Output", of: ({ totals }) => count(totals.usage?.output_tokens), isNumber: true },
    { name: "Spent", of: ({ totals }) => usd(totals.cost_nano_usd), isNumber: true },
    { name: "Saved", of: ({ totals }) => usd(totals.cost_saved_nano_usd), isNumber: true },
  ], groups, { id: "models" }));
}
