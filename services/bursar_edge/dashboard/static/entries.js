// Events of the log as a table: what happened, where it stands, what it cost.

import { h, table } from "./dom.js";
import { count, time, tokens, usd } from "./figures.js";

export function entries(list) {
  return table(`${count(list.length)} events, in the order of the log`, [
    { name: "Event", isHead: true, of: (entry) => entry.kind },
    { name: "When", class: "nowrap", of: (entry) => time(entry.at_ns) },
    { name: "What", of: (entry) => entry.summary },
    { name: "Tokens", of: (entry) => (tokens(entry.usage) ? count(tokens(entry.usage)) : ""), isNumber: true },
    { name: "Cost", of: (entry) => (entry.cost?.is_known ? usd(entry.cost.total_nano_usd) : ""), isNumber: true },
    { name: "Where", of: ({ position }) => h("span", { class: "id" }, `${position.stream}/${position.partition} ${position.sequence}:${position.event_number}`) },
    { name: "Frame", of: (entry) => h("span", { class: "id", title: hex(entry.frame_hash) }, hex(entry.frame_hash).slice(0, 12)) },
  ], list, { id: "entries" });
}

const hex = (base64) => Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
