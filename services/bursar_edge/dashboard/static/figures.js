// Figures for people. What services count in 64 bits comes as strings and is kept exact as BigInt until it is shown.

const NANO = 1_000_000_000n;
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");

/** Nano-USD as dollars: cents above a dollar, else as many digits as say something. */
export function usd(nano) {
  const amount = BigInt(nano ?? 0);
  const size = amount < 0n ? -amount : amount;
  const digits = size >= NANO || size === 0n ? 2 : size >= NANO / 1000n ? 4 : 6;
  const step = 10n ** BigInt(9 - digits);
  const rounded = (size + step / 2n) / step;
  const scale = 10n ** BigInt(digits);
  const text = `$${whole.format(rounded / scale)}.${String(rounded % scale).padStart(digits, "0")}`;
  return amount < 0n ? `−${text}` : text;
}

export const count = (value) => whole.format(BigInt(value ?? 0));
export const short = (value) => compact.format(Number(value ?? 0));
export const percent = (ratio) => `${(100 * ratio).toFixed(ratio > 0 && ratio < 0.0995 ? 1 : 0)} %`;
export const ratio = (part, whole_) => (Number(whole_) === 0 ? 0 : Number(part) / Number(whole_));

/** An amount in the unit of a limit's meter. */
export function metered(meter, value) {
  return meter === "METER_COST_NANO_USD" ? usd(value) : count(value);
}

export const METERS = {
  METER_REQUESTS: "requests", METER_INPUT_TOKENS: "input tokens", METER_OUTPUT_TOKENS: "output tokens",
  METER_TOTAL_TOKENS: "tokens", METER_COST_NANO_USD: "cost", METER_CONCURRENT_RESERVATIONS: "calls at once",
};
export const WINDOWS = {
  WINDOW_MINUTE: "a minute", WINDOW_HOUR: "an hour", WINDOW_DAY: "a day", WINDOW_WEEK: "a week",
  WINDOW_MONTH: "a month", WINDOW_LIFETIME: "in all", WINDOW_ROLLING: "rolling",
};
export const CAUSES = {
  SAVING_CAUSE_RESPONSE_CACHE_EXACT: "Answers kept, same request",
  SAVING_CAUSE_RESPONSE_CACHE_SEMANTIC: "Answers kept, same meaning",
  SAVING_CAUSE_PROVIDER_PROMPT_CACHE: "Provider's prompt cache",
  SAVING_CAUSE_COMPRESSION: "Compression",
  SAVING_CAUSE_ROUTING: "Cheaper model",
  SAVING_CAUSE_FREE_TOOL: "Free tools",
  SAVING_CAUSE_TRUNCATION: "Truncation",
  SAVING_CAUSE_AVOIDED_RETRY: "Retries avoided",
};

/** The word at the end of an enum's name: `TASK_STATE_COMPLETED` -> `completed`. */
export const word = (name, prefix) => name.replace(prefix, "").toLowerCase().replaceAll("_", " ");

/** An instant given in nanoseconds since 1970 as a Date. */
export const dateOf = (ns) => new Date(Number(BigInt(ns) / 1_000_000n));

export function time(ns) {
  if (!BigInt(ns ?? 0)) return "";
  return dateOf(ns).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

export function duration(ns) {
  const seconds = Number(ns ?? 0) / 1e9;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** All tokens of a usage. */
export const tokens = (usage) => BigInt(usage?.input_tokens ?? 0) + BigInt(usage?.output_tokens ?? 0);

/** The beginning of today, UTC, and of `days` days, today included; in nanoseconds. 0 for all time. */
export function since(days) {
  if (!days) return "0";
  const day = 86_400_000;
  const start = Math.floor(Date.now() / day) * day - (days - 1) * day;
  return String(BigInt(start) * 1_000_000n);
}
