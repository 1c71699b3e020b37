// Which page is shown, for whom, and when it asks again.

import { h, swap } from "./dom.js";
import { enter, follow, Refused } from "./session.js";

const PAGES = {
  overview: () => import("./pages/overview.js"),
  tasks: () => import("./pages/tasks.js"),
  limits: () => import("./pages/limits.js"),
  cache: () => import("./pages/cache.js"),
  recommendations: () => import("./pages/recommendations.js"),
  audit: () => import("./pages/audit.js"),
};
const THEMES = ["system", "light", "dark"];
const main = document.getElementById("main");
let refresh = null;
let isAsking = false;
let isStale = false;

/** `#/tasks/abc?x=1` -> the page's name and what follows it. */
function place() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return { name: name in PAGES ? name : "overview", argument: decodeURIComponent(rest.join("/")) };
}

async function show(isMoved) {
  const { name, argument } = place();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  refresh = null;
  const page = await PAGES[name]();
  document.title = `${page.title} · Bursar`;
  const body = h("div", {});
  const trouble = h("div", { role: "alert" });
  swap(main, h("div", { class: "head" }, h("h1", {}, page.title), page.controls?.(again) ?? null), trouble, body);
  const load = page.mount(body, argument, again);
  refresh = async () => {
    try {
      await load();
      swap(trouble);
      body.dataset.loaded = "true";
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return login();
      swap(trouble, h("p", { class: "notice bad" }, `This could not be read: ${error.message}`));
    }
  };
  if (isMoved) main.focus();
  await again();
}

/** Asks again for what is shown; at most one question is under way, and one waits. */
async function again() {
  if (isAsking) {
    isStale = true;
    return;
  }
  isAsking = true;
  do {
    isStale = false;
    await refresh?.();
  } while (isStale);
  isAsking = false;
}

function login() {
  refresh = null;
  const told = h("p", { role: "alert", class: "bad" });
  const input = h("input", { type: "password", name: "key", autocomplete: "off", required: true, spellcheck: "false" });
  const enterWith = async (event) => {
    event.preventDefault();
    try {
      await enter(input.value.trim());
      await begin();
    } catch (error) {
      swap(told, error.message);
    }
  };
  swap(main, h("div", { class: "card" }, h("h1", {}, "Sign in"),
    h("p", { class: "soft" }, "With a Bursar key. It is kept in this page's memory only and is gone when you leave it."),
    h("form", { onsubmit: enterWith }, h("label", { class: "wide" }, "Key", input), h("button", {}, "Sign in")), told));
  input.focus();
}

let following = null;
async function begin() {
  following?.abort();
  following = new AbortController();
  await show(false);
  follow(again, connection, following.signal);
}

function connection(state) {
  const live = document.getElementById("live");
  live.dataset.state = state;
  live.textContent = state === "live" ? "live" : "connection lost";
}

function theme(choice) {
  const button = document.getElementById("theme");
  document.documentElement.dataset.theme = choice;
  button.textContent = `Theme: ${choice}`;
  localStorage.setItem("theme", choice);
  dispatchEvent(new Event("themechange"));
}

theme(THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "system");
document.getElementById("theme").addEventListener("click", () => {
  theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
  again();
});
addEventListener("hashchange", () => show(true));
try {
  await enter("");
  await begin();
} catch (error) {
  if (error instanceof Refused && error.status === 401) login();
  else swap(main, h("p", { class: "notice bad", role: "alert" }, error.message));
}
