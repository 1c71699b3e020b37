// Elements from what they hold. Text is only ever set as text: nothing that came from a service is read as markup.

/** An element: attributes, `on…` listeners, children (nodes, strings, lists; null is left out). */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** Puts `children` where the former ones of `root` were; who was at work in one finds its successor. */
export function swap(root, ...children) {
  const focused = root.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...root.querySelectorAll("details[open][id]")].map((one) => one.id);
  root.replaceChildren(...children.flat(Infinity).filter((child) => child !== null));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** A table. Columns: {name, of(row) -> node or string, isNumber, isHead}. */
export function table(caption, columns, rows, attributes = {}) {
  const heads = columns.map((one) => h("th", { scope: "col", class: one.isNumber ? "number" : null }, one.name));
  const line = (row) => h("tr", {}, columns.map((one) => h(one.isHead ? "th" : "td",
    { class: one.isNumber ? "number" : one.class ?? null, scope: one.isHead ? "row" : null }, one.of(row))));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", attributes, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads)),
      h("tbody", {}, rows.map(line))));
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}
