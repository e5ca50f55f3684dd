// Panels as SVG and HTML.

const COLORS = {
  green: "var(--good)", orange: "var(--warn)", red: "var(--bad)", blue: "var(--calm)", purple: "var(--series-3)",
  grey: "var(--faint)",
};
const MARGIN = {top: 8, right: 8, bottom: 20, left: 56};
const GRAPH_HEIGHT = 170;
const STATE_HEIGHT = 30;   // a line of text, and a bar below it

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

function shape(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  if (text !== undefined) made.textContent = text;
  return made;
}

function seriesColor(one, index) {
  return COLORS[one.color] || "var(--series-" + index % 8 + ")";
}

function stepColor(steps, value) {
  const reached = steps.filter((step) => step.since === null || value >= step.since);
  return reached.length ? COLORS[reached[reached.length - 1].color] : "inherit";
}

function lastValue(series) {
  const finite = series.points.filter(([, value]) => Number.isFinite(value));
  return finite.length ? finite[finite.length - 1][1] : NaN;
}

// A round number, about four of which are between low and high.
function tickSize(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function ticks(low, high) {
  const size = tickSize(low, high);
  const first = Math.ceil(low / size);
  return Array.from({length: Math.floor(high / size + 1e-9) - first + 1}, (_, index) => (first + index) * size);
}

function valueRange(panel, series) {
  const values = series.flatMap((one) => one.points.map(([, value]) => value)).filter(Number.isFinite);
  let low = panel.minimum !== null ? panel.minimum : Math.min(...values);
  let high = panel.maximum !== null ? panel.maximum : Math.max(...values, panel.softMaximum || -Infinity);
  if (!(high > low)) {
    const room = Math.abs(low) / 2 || (panel.unit === "percentunit" ? 0.01 : 1);
    if (panel.maximum === null) high = low + room;
    else low = high - room;
  }
  const size = tickSize(low, high);
  if (panel.minimum === null) low = size * Math.floor(low / size);
  if (panel.maximum === null) high = size * Math.ceil(high / size);
  return [low, high];
}

function plot(width, height, time, label) {
  const svg = shape("svg", {viewBox: "0 0 " + width + " " + height, height, role: "img", "aria-label": label});
  const inner = width - MARGIN.left - MARGIN.right;
  const x = (at) => MARGIN.left + inner * (at - time.start) / (time.end - time.start);
  const count = Math.max(2, Math.min(6, Math.floor(inner / 90)));
  for (let index = 0; index <= count; index += 1) {
    const at = time.start + index * (time.end - time.start) / count;
    const anchor = index === 0 ? "start" : index === count ? "end" : "middle";
    svg.append(shape("text", {x: x(at), y: height - 4, "text-anchor": anchor}, clock(at, time.end - time.start)));
  }
  return {svg, x};
}

// A line has a gap where a sample is missing or not a number.
function linePath(points, x, y, step) {
  let path = "", before = null;
  for (const [at, value] of points) {
    if (!Number.isFinite(value)) { before = null; continue; }
    const joined = before !== null && at - before < 1.5 * step;
    path += (joined ? "L" : "M") + x(at).toFixed(1) + " " + y(value).toFixed(1) + (joined ? "" : "h0.1");
    before = at;
  }
  return path;
}

function drawGraph(panel, series, time, width) {
  const {svg, x} = plot(width, GRAPH_HEIGHT, time, panel.title);
  const [low, high] = valueRange(panel, series);
  const bottom = GRAPH_HEIGHT - MARGIN.bottom;
  const y = (value) => bottom - (bottom - MARGIN.top) * (Math.max(low, Math.min(high, value)) - low) / (high - low);
  for (const value of ticks(low, high)) {
    svg.append(shape("line", {class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value)}));
    const text = {x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end"};
    svg.append(shape("text", text, formatted(value, panel.unit)));
  }
  for (const step of panel.steps.filter(({since}) => since !== null && since > low && since < high)) {
    const line = {x1: MARGIN.left, x2: width - MARGIN.right, y1: y(step.since), y2: y(step.since)};
    svg.append(shape("line", {class: "limit", stroke: COLORS[step.color], ...line}));
  }
  series.forEach((one, index) => {
    const path = linePath(one.points, x, y, time.step);
    svg.append(shape("path", {class: one.dashed ? "series dashed" : "series", stroke: seriesColor(one, index), d: path}));
  });
  const names = drawLegend(panel, series);
  for (const {at, text} of time.deployments) {
    const mark = shape("path", {class: "deployment", d: "M" + x(at) + " " + bottom + "V" + MARGIN.top + "m-4 -6h8l-4 6z"});
    mark.append(shape("title", {}, new Date(1000 * at).toLocaleString() + " " + text));
    svg.append(mark);
  }
  followPointer(svg, x, time, width, (at) => names.show(at));
  return [svg, names.box];
}

function drawLegend(panel, series) {
  const cells = series.map(() => element("td", {class: "number"}));
  const heading = element("th", {class: "number"});
  const rows = series.map((one, index) => element("tr", {},
    element("td", {}, element("span", {class: "swatch", style: "background:" + seriesColor(one, index)}), one.name),
    cells[index]));
  const show = (at) => {
    heading.textContent = at === null ? "" : new Date(1000 * at).toLocaleString();
    series.forEach((one, index) => {
      const near = one.points.find(([time]) => time === at);
      cells[index].textContent = formatted(at === null ? lastValue(one) : near ? near[1] : NaN, panel.unit);
    });
  };
  show(null);
  const table = element("table", {}, element("tr", {}, element("th"), heading), ...rows);
  return {box: element("div", {class: "scroll"}, table), show};
}

// A line at the pointer; show gets the time of the nearest point, or null.
function followPointer(svg, x, time, width, show) {
  const cursor = shape("line", {class: "cursor", y1: MARGIN.top, y2: GRAPH_HEIGHT - MARGIN.bottom, visibility: "hidden"});
  svg.append(cursor);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const share = ((event.clientX - box.left) * width / box.width - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
    const steps = Math.round(Math.max(0, Math.min(1, share)) * (time.end - time.start) / time.step);
    const at = time.start + steps * time.step;
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    cursor.setAttribute("visibility", "visible");
    show(at);
  });
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    show(null);
  });
}

function drawStat(panel, series) {
  return series.map((one) => {
    const value = lastValue(one);
    const name = series.length > 1 ? [" ", element("small", {}, one.name)] : [];
    const style = "color:" + stepColor(panel.steps, value);
    return element("div", {class: "value", style}, formatted(value, panel.unit), ...name);
  });
}

function drawTable(panel, series) {
  // An address may be broken before its port.
  const cell = (name, text) => element(name, {}, ...text.split(/(?<=:)/).flatMap((part) => [part, element("wbr")]));
  const columns = panel.columns.filter((name) => series.some((one) => one.labels[name]));
  const rows = series.map((one) => element("tr", {}, ...columns.map((name) => cell("td", one.labels[name] || ""))));
  const table = element("table", {}, element("tr", {}, ...columns.map((name) => cell("th", name))), ...rows);
  return [element("div", {class: "scroll wide"}, table)];
}

// Stretches of time over which a value stays the same; a point stands for the step before it.
function runs(points, step) {
  const found = [];
  for (const [at, value] of points) {
    const last = found[found.length - 1];
    if (last && last.value === value && at - last.to < 1.5 * step) last.to = at;
    else found.push({value, from: at - step, to: at});
  }
  return found;
}

// A bar for each series, coloured by state.
function drawStates(panel, series, time, width) {
  const {svg, x} = plot(width, STATE_HEIGHT * series.length + MARGIN.bottom + 4, time, panel.title);
  const words = {};
  series.forEach((one, index) => {
    const top = STATE_HEIGHT * index;
    for (const {value, from, to} of runs(one.points, time.step)) {
      const {text, color} = panel.values.find((known) => known.value === value);
      words[text] = COLORS[color];
      const left = Math.max(MARGIN.left, x(from));
      const size = {x: left, y: top + 15, width: Math.max(0, x(to) - left), height: STATE_HEIGHT - 19};
      svg.append(shape("rect", {...size, fill: COLORS[color]}));
    }
    svg.append(shape("text", {class: "name", x: MARGIN.left, y: top + 11}, one.name));
  });
  const named = Object.entries(words).map(([text, color]) =>
    element("small", {}, element("span", {class: "swatch", style: "background:" + color}), text + " "));
  return [svg, element("div", {}, ...named)];
}

const DRAW = {timeseries: drawGraph, stat: drawStat, table: drawTable, "state-timeline": drawStates};

function drawPanel(panel, series, time, width) {
  if (series.some((one) => one.points.some(([, value]) => Number.isFinite(value)))) {
    return DRAW[panel.kind](panel, series, time, width);
  }
  const reason = panel.empty || "there is none in this time: is the target up, and does it get requests?";
  return [element("div", {class: "empty"}, "No data, because " + reason.replace(/[.]?$/, reason.endsWith("?") ? "" : "."))];
}
