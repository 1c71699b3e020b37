// What the ledger points at: each with its evidence and its amount, as counted.

import { h, swap } from "../dom.js";
import { count, percent, ratio, since, time, usd } from "../figures.js";
import { ask } from "../session.js";

export const title = "Advice";
const DAYS = 30;
// Below this share of input read from the provider's cache, and above so many tokens, a prefix may be worth marking.
const CACHED_SHARE_MIN = 0.2;
const INPUT_TOKENS_MIN = 50_000;

export function mount(root) {
  return async () => {
    const since_ns = since(DAYS);
    const by = (dimension) => ask("efficiency/Report", { since_ns, group_by: [dimension] });
    const [agents, models, { alerts }] = await Promise.all([by("DIMENSION_AGENT"), by("DIMENSION_MODEL"), ask("quota/Alerts")]);
    const found = [...agents.groups.flatMap(ofAgent), ...models.groups.flatMap(ofModel)];
    swap(root, h("p", { class: "soft" }, `Read from the ledger of the last ${DAYS} days. Nothing here is guessed: each line is a count.`),
      h("div", { class: "grid" }, found.length ? h("ul", { class: "limits", id: "advice" }, found.map(card))
        : h("p", { class: "card empty" }, "Nothing stands out."), reached(alerts)));
  };
}

function ofAgent({ keys: [agent], totals }) {
  const name = agent || "calls without an agent";
  const found = [];
  if (totals.calls_denied !== "0") found.push({ title: `Limits denied ${count(totals.calls_denied)} calls of ${name}`,
    text: `${count(totals.calls_made)} were let through. Raise the limit, or let it throttle so that calls wait instead.`, link: "#/limits" });
  if (totals.calls_unknown !== "0") found.push({ title: `${count(totals.calls_unknown)} calls of ${name} ended unknown`,
    text: "Each was charged at its full hold. A smaller max_tokens holds less.", link: "#/audit" });
  return found;
}

function ofModel({ keys: [model], totals }) {
  const found = [];
  const input = Number(totals.usage?.input_tokens ?? 0);
  const share = ratio(totals.usage?.cached_input_tokens ?? 0, input);
  if (totals.calls_without_price !== "0") found.push({ title: `${count(totals.calls_without_price)} calls of ${model} have no known price`,
    text: "Their tokens are counted, their cost is in no total. Name a price in your own price file.", link: "#/overview" });
  if (input >= INPUT_TOKENS_MIN && share < CACHED_SHARE_MIN) found.push({ title: `${model} reads little from its provider's cache`,
    text: `${percent(share)} of ${count(input)} input tokens, ${usd(totals.cost_nano_usd)} in all. A prefix that repeats can be marked for `
      + "caching.", link: "#/cache" });
  return found;
}

const card = ({ title: head, text, link }) => h("li", {}, h("h2", {}, head), h("p", { class: "small" }, text),
  h("a", { href: link, class: "small", "aria-label": `Look: ${head}` }, "Look"));

function reached(alerts) {
  if (alerts.length === 0) return null;
  return h("section", { class: "card" }, h("h2", {}, "Alerts"), h("ul", { class: "tree", id: "alerts" }, alerts.slice(-20).reverse().map((alert) =>
    h("li", {}, alert.message, h("span", { class: "soft small" }, ` ${time(alert.at_ns)}`)))));
}
