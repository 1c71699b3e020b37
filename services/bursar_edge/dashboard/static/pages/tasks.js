// Tasks as they run, and where one task's tokens went.

import { h, swap, table } from "../dom.js";
import { count, duration, tokens, usd, word } from "../figures.js";
import { ask, askIfThere } from "../session.js";
import { flame, tree } from "../flame.js";
import { entries } from "../entries.js";

export const title = "Tasks";
const STATES = ["running", "completed", "failed", "denied", "unavailable", "cancelled"];

export function mount(root, argument, again) {
  return argument ? one(root, argument) : all(root, again);
}

function all(root, again) {
  const filter = { text: "", state: "" };
  const list = h("div", {});
  swap(root, h("div", { class: "card" }, h("div", { class: "controls" },
    h("label", { class: "wide" }, "Filter by task or trace", h("input", { type: "search", id: "filter",
      oninput: (event) => { filter.text = event.target.value.trim().toLowerCase(); again(); } })),
    h("label", {}, "State", h("select", { id: "state", onchange: (event) => { filter.state = event.target.value; again(); } },
      h("option", { value: "" }, "all"), STATES.map((state) => h("option", {}, state))))), list));
  return async () => {
    const tasks = (await known()).filter((task) => (!filter.state || task.state === filter.state)
      && (!filter.text || `${task.id} ${task.trace}`.toLowerCase().includes(filter.text)));
    swap(list, tasks.length ? table(`${count(tasks.length)} tasks, newest first`, [
      { name: "Task", isHead: true, of: (task) => h("a", { class: "id", id: `task-${task.id}`, href: `#/tasks/${encodeURIComponent(task.id)}` }, task.id) },
      { name: "State", of: (task) => h("span", { class: `badge ${task.state === "failed" ? "bad" : ""}` }, task.state) },
      { name: "Tokens", of: (task) => count(tokens(task.usage)), isNumber: true },
      { name: "Cost", of: (task) => usd(task.cost), isNumber: true },
      { name: "Took", of: (task) => task.took, isNumber: true },
      { name: "Trace", of: (task) => (task.trace ? h("a", { class: "id", href: `#/audit/${task.trace}` }, task.trace.slice(0, 8)) : "") },
    ], tasks, { id: "tasks" }) : h("p", { class: "empty" }, "No such tasks. `bursar run` makes one; a call with the header "
      + "x-bursar-task belongs to one."));
  };
}

const listedTasks = async () => (await askIfThere("executor/List", { page_size: 500 }))?.tasks ?? [];

/** Those the executor runs, then those that only calls name. */
async function known() {
  const [listed, report] = await Promise.all([listedTasks(), ask("efficiency/Report", { group_by: ["DIMENSION_TASK"] })]);
  const run = listed.map((task) => ({ id: task.task_id, state: word(task.state, "TASK_STATE_"),
    usage: task.usage, cost: task.cost?.total_nano_usd, took: duration(task.duration_ns), trace: task.trace_id }));
  const ids = new Set(run.map((task) => task.id));
  const named = report.groups.filter((group) => group.keys[0] && !ids.has(group.keys[0]));
  return [...run, ...named.map(({ keys, totals }) => ({ id: keys[0], state: "calls", usage: totals.usage,
    cost: totals.cost_nano_usd, took: "", trace: "" }))];
}

function one(root, task_id) {
  return async () => {
    const [audit, listed] = await Promise.all([ask("efficiency/Audit", { task_id }), listedTasks()]);
    const isRun = listed.some((one_) => one_.task_id === task_id);
    const task = isRun ? await ask("executor/Get", { task_id }) : null;
    const totals = audit.totals;
    swap(root, h("p", {}, h("a", { href: "#/tasks" }, "All tasks")), h("div", { class: "grid" },
      h("section", { class: "card" }, h("h2", { class: "id" }, task_id), h("p", { id: "task-totals" },
        `${count(tokens(totals.usage))} tokens, ${usd(totals.cost_nano_usd)}, ${count(totals.calls_made)} calls, `
        + `${usd(totals.cost_saved_nano_usd)} saved.`), task?.result ? h("p", { class: "soft" }, task.result.summary) : null,
      h("h2", {}, "Where the tokens went"), flame(audit.entries), tree(audit.entries)),
      task?.steps?.length ? steps(task.steps) : null,
      h("section", { class: "card" }, h("h2", {}, "In the log"), entries(audit.entries))));
  };
}

function steps(all_) {
  return h("section", { class: "card" }, h("h2", {}, "Steps"), table("Steps, in order", [
    { name: "Step", of: (step) => word(step.name, "STEP_NAME_"), isHead: true },
    { name: "State", of: (step) => word(step.state, "STEP_STATE_") },
    { name: "What came of it", of: (step) => step.summary },
    { name: "Took", of: (step) => (step.duration_ns === "0" ? "" : duration(step.duration_ns)), isNumber: true },
  ], all_));
}
