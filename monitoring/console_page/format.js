// How values of Grafana's units are written.

function scaled(value, steps, digits) {
  const [size, suffix] = steps.find(([size]) => Math.abs(value) >= size) || steps[steps.length - 1];
  return rounded(value / size, digits) + suffix;
}

function rounded(value, digits) {
  return value === 0 ? "0" : String(Number(value.toPrecision(digits || 3)));
}

const SHORT = [[1e9, " G"], [1e6, " M"], [1e4, " k"], [1, ""]];
const BYTES = [[1e9, " GB"], [1e6, " MB"], [1e3, " kB"], [1, " B"]];
const SECONDS = [[86400, " d"], [3600, " h"], [60, " min"], [1, " s"], [1e-3, " ms"], [1e-6, " µs"]];

const UNITS = {
  none: (value) => rounded(value),
  short: (value) => scaled(value, SHORT),
  s: (value) => scaled(value, SECONDS.slice(3)),
  dtdurations: (value) => scaled(value, SECONDS, 2),
  percentunit: (value) => rounded(100 * value) + " %",
  reqps: (value) => scaled(value, SHORT) + " req/s",
  cps: (value) => scaled(value, SHORT) + " /s",
  pps: (value) => scaled(value, SHORT) + " packets/s",
  Bps: (value) => scaled(value, BYTES) + "/s",
};

function formatted(value, unit) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return value === 0 && unit !== "percentunit" ? "0" : UNITS[unit](value);
}

function clock(seconds, range) {
  const time = new Date(1000 * seconds);
  const pad = (number) => String(number).padStart(2, "0");
  const day = pad(time.getDate()) + "." + pad(time.getMonth() + 1) + ". ";
  const minute = pad(time.getHours()) + ":" + pad(time.getMinutes());
  return range > 86400 ? day + minute : range > 900 ? minute : minute + ":" + pad(time.getSeconds());
}
