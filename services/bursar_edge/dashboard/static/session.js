// Who asks, and how services are asked. A key lives in this module's memory alone: gone with the page.

const MARKER = { "x-bursar-dashboard": "1" };
let key = "";
export let visitor = null;

export class Refused extends Error {
  constructor(status, told) {
    super(told.message ?? `the server answered ${status}`);
    this.status = status;
    this.reason = told.reason ?? "";
  }
}

/** Who is let in with `given`, empty for no key. Throws Refused with 401 where a key is needed. */
export async function enter(given) {
  key = given;
  visitor = await answered(await fetch("/dashboard/session", { headers: headers() }));
  return visitor;
}

/** One rpc by JSON: `ask("quota/Usage", {…})`. */
export async function ask(method, request = {}) {
  return answered(await fetch(`/dashboard/ask/${method}`, {
    method: "POST", headers: { ...headers(), "content-type": "application/json" }, body: JSON.stringify(request),
  }));
}

/** The same, or null where that service does not stand here. */
export async function askIfThere(method, request = {}) {
  try {
    return await ask(method, request);
  } catch (error) {
    if (error instanceof Refused && [501, 503, 504].includes(error.status)) return null;
    throw error;
  }
}

/** Calls `moved` whenever the ledger has moved; `state` hears `live` and `lost`. Returns only by `signal`. */
export async function follow(moved, state, signal) {
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, 10_000)) {
    try {
      const response = await fetch("/dashboard/live", { headers: headers(), signal });
      if (response.ok) {
        state("live");
        waitMs = 500;
        await read(response.body.getReader(), moved);
      }
    } catch (error) {
      if (signal.aborted) return;
    }
    state("lost");
    await new Promise((resume) => setTimeout(resume, waitMs));
  }
}

// EventSource can send no key, so the stream is read here: events end with an empty line.
async function read(reader, moved) {
  const decoder = new TextDecoder();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split("\n\n");
    text = events.pop();
    if (events.some((event) => event.startsWith("event: moved"))) moved();
  }
}

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

const headers = () => (key ? { ...MARKER, authorization: `Bearer ${key}` } : { ...MARKER });
