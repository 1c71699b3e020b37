// Charts by uPlot, in the page's own colours. Each is a picture beside figures that stand as text.

import uPlot from "./vendor/uplot.js";

// A colour of the style sheet as the canvas knows it: pairs of light and dark are resolved by an element that has it.
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);
function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** Bars of one amount a day. Days: [{at_s, nano_usd}]. */
export function dailyBars(root, days) {
  const width = Math.max(root.clientWidth, 200);
  const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false },
    font: "12px system-ui" };
  new uPlot({
    width, height: 220, legend: { show: false }, cursor: { show: false }, tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "UTC"),
    scales: { x: { range: (_, from, to) => [from - 43_200, to + 43_200] }, y: { range: (_, __, top) => [0, top * 1.1 || 1] } },
    axes: [{ ...axis, grid: { show: false }, incrs: [86_400, 5 * 86_400, 10 * 86_400],
      values: (_, at) => at.map((s) => new Date(s * 1000).toLocaleDateString("en-GB",
        { day: "numeric", month: "short", timeZone: "UTC" })) },
      { ...axis, size: 56, values: (_, at) => at.map((nano) => `$${Number((nano / 1e9).toPrecision(3))}`) }],
    series: [{}, { stroke: colour("spent"), fill: colour("spent"), width: 0,
      points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 28], radius: 0.15 }) }],
  }, [days.map((day) => day.at_s), days.map((day) => day.nano_usd)], root);
}

/** What was used in a limit's window and where that leads: points [seconds, used], then the expected end, dashed. */
export function spark(root, points, expected, top) {
  const all = expected ? [...points, expected] : points;
  const solid = all.map((_, i) => (i < points.length ? points[i][1] : null));
  const dashed = all.map((point, i) => (i >= points.length - 1 ? point[1] : null));
  new uPlot({
    width: Math.max(root.clientWidth, 120), height: 48, legend: { show: false }, cursor: { show: false }, padding: [4, 4, 4, 4],
    scales: { x: { time: false }, y: { range: (_, __, high) => [0, Math.max(top, high) * 1.05 || 1] } },
    axes: [{ show: false }, { show: false }],
    series: [{}, { stroke: colour("spent"), fill: colour("track"), width: 2, points: { show: false } },
      { stroke: colour("soft"), dash: [4, 4], width: 2, points: { show: false } },
      { stroke: colour("bad"), width: 1, points: { show: false } }],
  }, [all.map((point) => point[0]), solid, dashed, all.map(() => top)], root);
}
