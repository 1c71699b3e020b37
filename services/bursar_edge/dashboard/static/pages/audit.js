// Where every token of a task, a call or a trace went, as the log has it.

import { h, swap } from "../dom.js";
import { count, tokens, usd } from "../figures.js";
import { ask, Refused } from "../session.js";
import { flame, tree } from "../flame.js";
import { entries } from "../entries.js";

export const title = "Audit";
const TRACE = /^[0-9a-f]{32}$/;

export function mount(root, argument) {
  const input = h("input", { type: "search", id: "subject", value: argument, autocomplete: "off", spellcheck: "false",
    placeholder: "task, call or trace id" });
  const search = (event) => {
    event.preventDefault();
    location.hash = `#/audit/${encodeURIComponent(input.value.trim())}`;
  };
  const found = h("div", { class: "grid", "aria-live": "polite" });
  swap(root, h("div", { class: "card" }, h("form", { role: "search", onsubmit: search },
    h("label", { class: "wide" }, "Task, call or trace", input), h("button", {}, "Search"))), h("p", {}), found);
  return async () => {
    if (!argument) return swap(found, h("p", { class: "card empty" }, "An answer of the edge names its call and trace in the headers "
      + "x-bursar-call-id and x-bursar-trace-id; tasks are listed under Tasks."));
    const audit = await looked(argument);
    swap(found, audit === null ? h("p", { class: "card empty", id: "nothing" }, `The log has nothing by ${argument}.`) : [
      h("section", { class: "card" }, h("h2", {}, "Totals"), h("p", { id: "audit-totals", "data-exact": audit.totals.cost_nano_usd },
        `${count(tokens(audit.totals.usage))} tokens, ${usd(audit.totals.cost_nano_usd)}, ${count(audit.totals.calls_made)} calls made, `
        + `${count(audit.totals.calls_avoided)} avoided, ${usd(audit.totals.cost_saved_nano_usd)} saved.`),
      h("h2", {}, "Where the tokens went"), flame(audit.entries), tree(audit.entries)),
      h("section", { class: "card" }, h("h2", {}, "In the log"), entries(audit.entries))]);
  };
}

/** The audit of whatever bears that id; null where nothing does. */
async function looked(id) {
  const subjects = TRACE.test(id) ? ["trace_id"] : ["task_id", "call_id"];
  for (const name of subjects) {
    try {
      const audit = await ask("efficiency/Audit", { [name]: id });
      if (audit.entries.length) return audit;
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
    }
  }
  return null;
}
