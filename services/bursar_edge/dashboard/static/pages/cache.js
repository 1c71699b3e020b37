// What was answered without paying again, and forgetting.

import { h, swap, table } from "../dom.js";
import { CAUSES, count, percent, ratio, short, usd } from "../figures.js";
import { bar, figure } from "../parts.js";
import { ask, askIfThere } from "../session.js";

export const title = "Cache";
const KEPT = ["SAVING_CAUSE_RESPONSE_CACHE_EXACT", "SAVING_CAUSE_RESPONSE_CACHE_SEMANTIC", "SAVING_CAUSE_PROVIDER_PROMPT_CACHE"];
const SELECTIONS = { tag: "with a tag", model: "of a model", everything: "all of them" };

export function mount(root, _, again) {
  const body = h("div", { class: "grid" });
  const told = h("div", { role: "status" });
  swap(root, told, body, h("section", { class: "card below" }, h("h2", {}, "Forget answers"), invalidation(told, again)));
  return async () => {
    const [stats, { totals }] = await Promise.all([askIfThere("cache/Stats"), ask("efficiency/Report")]);
    swap(body, stats ? figures(stats) : h("p", { class: "notice" }, "The cache does not stand here."), causes(totals));
  };
}

function figures(stats) {
  const lost = BigInt(stats.cache_events_lost);
  return [
    figure("rate", "Hit rate", percent(stats.hit_rate), `${count(stats.hits)} of ${count(stats.total_requests)} look-ups`,
      { exact: stats.hits, tone: "saved" }),
    figure("cache-saved", "Saved", usd(stats.cost_saved_nano_usd), `${short(stats.tokens_saved)} tokens`,
      { exact: stats.cost_saved_nano_usd, tone: "saved" }),
    figure("cache-entries", "Answers kept", count(stats.entries), `${short(stats.entry_bytes)}B in all`, { exact: stats.entries }),
    figure("stores", "Stored so far", count(stats.stores), lost ? `${count(lost)} events lost in crashes` : "no event was lost",
      { exact: stats.stores }),
  ];
}

function causes(totals) {
  const rows = KEPT.map((cause) => totals.savings.find((one) => one.cause === cause)
    ?? { cause, input_tokens: "0", output_tokens: "0", cost_nano_usd: "0" });
  const most = Math.max(1, ...rows.map((row) => Number(row.cost_nano_usd)));
  return h("section", { class: "card" }, h("h2", {}, "Where it was answered from"), table("All time, by layer", [
    { name: "Layer", isHead: true, of: (row) => CAUSES[row.cause] },
    { name: "", class: "bars", of: (row) => bar([{ from: 0, to: ratio(Math.max(0, Number(row.cost_nano_usd)), most), class: "fill-saved" }]) },
    { name: "Tokens not paid for", of: (row) => count(BigInt(row.input_tokens) + BigInt(row.output_tokens)), isNumber: true },
    { name: "Saved", of: (row) => usd(row.cost_nano_usd), isNumber: true },
  ], rows, { class: "fall", id: "layers" }));
}

/** Chosen, then named once more in words, then done. */
function invalidation(told, again) {
  const dialog = h("dialog", { "aria-labelledby": "forget-title" });
  const chosen = h("select", { id: "forget-by" }, Object.entries(SELECTIONS).map(([value, name]) => h("option", { value }, name)));
  const value = h("input", { id: "forget-value", placeholder: "tag or model" });
  chosen.addEventListener("change", () => { value.disabled = chosen.value === "everything"; });
  const forget = async () => {
    const selection = chosen.value === "everything" ? { everything: true } : { [chosen.value]: value.value.trim() };
    dialog.close();
    try {
      const { invalidated_entries: gone } = await ask("cache/Invalidate", { ...selection, reason: "by the dashboard" });
      swap(told, h("p", { class: "notice good" }, `${count(gone)} answers are forgotten.`));
    } catch (error) {
      swap(told, h("p", { class: "notice bad" }, error.message));
    }
    again();
  };
  const review = (event) => {
    event.preventDefault();
    const which = chosen.value === "everything" ? "all answers" : `all answers ${SELECTIONS[chosen.value]}: ${value.value.trim()}`;
    swap(dialog, h("h2", { id: "forget-title" }, "Are you sure?"), h("p", {}, `Forget ${which}. The next such calls are paid for again.`),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"),
        h("button", { type: "button", class: "danger", id: "forget-confirm", onclick: forget }, "Forget")));
    dialog.showModal();
  };
  return [h("form", { onsubmit: review }, h("label", {}, "Answers", chosen), h("label", { class: "wide" }, "Which", value),
    h("button", { id: "forget" }, "Review…")), dialog];
}
