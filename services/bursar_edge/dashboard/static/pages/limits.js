// Limits as levels; setting one asks twice and says why.

import { h, swap } from "../dom.js";
import { METERS, WINDOWS, metered } from "../figures.js";
import { forecastText, levelBar, selectorText, usedText, windowText } from "../parts.js";
import { ask, visitor } from "../session.js";

export const title = "Limits";
const MODES = { MODE_HARD: "deny", MODE_SOFT: "alert only", MODE_THROTTLE: "wait" };
const NANO_USD_PER_USD = 1_000_000_000;

export function mount(root, _, again) {
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" });
  const list = h("div", { class: "grid" });
  const told = h("div", { role: "status" });
  const edit = (limit) => open(dialog, limit, (text) => { swap(told, h("p", { class: "notice good" }, text)); again(); });
  swap(root, told, visitor.may_set_limits
    ? h("p", {}, h("button", { type: "button", id: "new-limit", onclick: () => edit(null) }, "New limit"))
    : h("p", { class: "notice" }, "Your key may look at limits but not set them; an operator gives it the scope limits."), list, dialog);
  return async () => {
    const { limits } = await ask("quota/Forecast");
    swap(list, limits.length ? h("ul", { class: "limits" }, limits.map((one) => card(one, edit)))
      : h("p", { class: "card empty" }, "No limits yet: every call is let through and recorded."));
  };
}

function card(forecast, edit) {
  const { level } = forecast;
  const { limit } = level;
  const isFiles = limit.managed_by === "MANAGED_BY_FILE";
  return h("li", { "data-limit": limit.limit_id },
    h("div", { class: "row" }, h("h2", {}, limit.limit_id), h("span", { class: "badge" }, MODES[limit.mode] ?? "deny")),
    h("p", { class: "soft small" }, `${windowText(limit)}, ${limit.time_zone || "UTC"} · ${selectorText(limit.selector)}`),
    levelBar(level),
    h("div", { class: "row small" }, h("span", { "data-exact": level.settled }, usedText(level)),
      h("span", {}, `${metered(limit.meter, level.available)} left`)),
    h("p", { class: `small ${BigInt(level.available) <= 0n ? "bad" : "soft"}` }, forecastText(forecast)),
    isFiles ? h("p", { class: "small soft" }, "Kept in a file: change it there, then bursar limits apply.")
      : visitor.may_set_limits ? h("button", { type: "button", class: "quiet", id: `edit-${limit.limit_id}`,
        "aria-label": `Change ${limit.limit_id}`, onclick: () => edit(limit) }, "Change") : null);
}

/** First what is to be, then once more in words, then it is done. */
function open(dialog, limit, done) {
  const form = h("form", { method: "dialog" }, limit ? null : fieldsOfNew(), amountField(limit), modeField(limit),
    h("label", {}, "Why (kept in the log)", h("input", { name: "reason", required: true, maxlength: "200" })),
    h("div", { class: "actions" }, limit ? h("button", { type: "button", class: "danger", id: "delete-limit",
      onclick: () => confirm(dialog, `Delete ${limit.limit_id}? Calls are no longer held to it.`, "Delete", async () => {
        await ask("quota/DeleteLimit", { operation_id: crypto.randomUUID(), limit_id: limit.limit_id, reason: "by the dashboard" });
        done(`${limit.limit_id} is deleted.`);
      }) }, "Delete…") : null,
    h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"), h("button", { id: "review" }, "Review…")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = asked(form, limit);
    const before = limit ? `from ${metered(limit.meter, limit.amount)} ` : "";
    const text = `${wanted.limit.limit_id || "The new limit"}: ${before}to ${metered(wanted.limit.meter, wanted.limit.amount)} `
      + `${WINDOWS[wanted.limit.window]}, ${MODES[wanted.limit.mode]}, for ${selectorText(wanted.limit.selector)}.`;
    confirm(dialog, text, "Set it", async () => {
      const { limit: set } = await ask("quota/PutLimit", wanted);
      done(`${set.limit_id} is set to ${metered(set.meter, set.amount)}.`);
    });
  });
  swap(dialog, h("h2", { id: "dialog-title" }, limit ? `Change ${limit.limit_id}` : "New limit"), form);
  dialog.showModal();
}

function confirm(dialog, text, name, act) {
  const told = h("p", { role: "alert", class: "bad" });
  const go = h("button", { type: "button", id: "confirm", class: name === "Delete" ? "danger" : null, onclick: async () => {
    go.disabled = true;
    try {
      await act();
      dialog.close();
    } catch (error) {
      go.disabled = false;
      swap(told, error.message);
    }
  } }, name);
  swap(dialog, h("h2", { id: "dialog-title" }, "Are you sure?"), h("p", {}, text), told,
    h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"), go));
  go.focus();
}

const options = (names, chosen) => Object.entries(names).map(([value, name]) => h("option", { value, selected: value === chosen }, name));

function fieldsOfNew() {
  const windows = Object.fromEntries(Object.entries(WINDOWS).filter(([name]) => name !== "WINDOW_ROLLING"));
  return [h("label", {}, "Counts", h("select", { name: "meter" }, options(METERS, "METER_COST_NANO_USD"))),
    h("label", {}, "Over", h("select", { name: "window" }, options(windows, "WINDOW_DAY"))),
    ...["tenant_id", "team_id", "agent_id", "model"].map((name) => h("label", {}, `Only ${name.replace("_id", "")} (empty: all)`,
      h("input", { name })))];
}

function amountField(limit) {
  const isCost = limit?.meter === "METER_COST_NANO_USD";
  const value = limit ? (isCost ? Number(limit.amount) / NANO_USD_PER_USD : limit.amount) : "";
  const unit = limit ? (isCost ? "US dollars" : METERS[limit.meter]) : "US dollars for cost, else a count";
  return h("label", {}, `Amount (${unit})`, h("input", { name: "amount", type: "number", min: "0", step: limit && !isCost ? "1" : "any",
    required: true, value }));
}

const modeField = (limit) => h("label", {}, "When it is reached", h("select", { name: "mode" }, options(MODES, limit?.mode ?? "MODE_HARD")));

/** The form as a PutLimitRequest. Dollars become whole nano-dollars. */
function asked(form, limit) {
  const of = (name) => form.elements.namedItem(name)?.value.trim() ?? "";
  const fresh = limit ? limit : { meter: of("meter"), window: of("window"), selector: Object.fromEntries(
    ["tenant_id", "team_id", "agent_id", "model"].map((name) => [name, of(name)])) };
  const scale = fresh.meter === "METER_COST_NANO_USD" ? NANO_USD_PER_USD : 1;
  return { operation_id: crypto.randomUUID(), reason: of("reason"), author: visitor.user_id,
    limit: { ...fresh, mode: of("mode"), amount: String(Math.round(Number(of("amount")) * scale)) } };
}
