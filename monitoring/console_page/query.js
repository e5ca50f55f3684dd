// Queries to the Prometheus that serves this page.

// Without the login that the page's own address may contain: fetch rejects such URLs.
function prometheusUrl(path) {
  return new URL(path, location.origin + location.pathname);
}

async function queryApi(path, parameters) {
  const response = await fetch(prometheusUrl("../api/v1/" + path + "?" + new URLSearchParams(parameters)));
  const result = await response.json();
  if (result.status !== "success") throw new Error(result.error);
  return result.data;
}

function durationSeconds(text) {
  const sizes = {s: 1, m: 60, h: 3600, ms: 0.001};
  return [...text.matchAll(/([0-9]+)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + count * sizes[unit], 0);
}

// Hosts that have targets, and the longest time between two scrapes.
async function queryTargets() {
  const targets = (await queryApi("targets", {state: "active"})).activeTargets;
  return {
    hosts: [...new Set(targets.map((target) => target.labels.instance.replace(/:[0-9]+$/, "")))].sort(),
    scrapeInterval: Math.max(1, ...targets.map((target) => durationSeconds(target.scrapeInterval))),
  };
}

// As Grafana does it: at least four scrapes, and no gap between two points.
function rateInterval(step, scrapeInterval) {
  return Math.max(4 * scrapeInterval, step + scrapeInterval) + "s";
}

// Any port of the host; a backslash is doubled in a PromQL string.
function instancePattern(host) {
  return host ? host.replace(/[.+*?()|{}^$\[\]\\]/g, (character) => "\\\\" + character) + "(:[0-9]+)?" : ".+";
}

function filled(expression, variables) {
  return expression.replace(/\$([A-Za-z_]+)/g, (whole, name) => name in variables ? variables[name] : ".+");
}

function legend(template, labels) {
  const open = "{".repeat(2), close = "}".repeat(2);
  const text = Object.keys(labels).reduce((text, name) => text.replaceAll(open + name + close, labels[name]), template);
  return text.replace(/[{][{]\w+[}][}]/g, "").trim();
}

// Deployments in this time: when (in seconds) and what.
async function queryDeployments(time) {
  const {expression, legend: template} = definition.deployments;
  const data = await queryApi("query_range", {query: expression, start: time.start, end: time.end, step: time.step});
  return data.result
    .map((series) => ({at: Number(series.values[0][1]) / 1000, text: legend(template, series.metric)}))
    .filter(({at}) => at >= time.start && at <= time.end);
}

// Series of a panel: name, labels and points [seconds, value].
async function queryPanel(panel, variables, time) {
  const queries = panel.queries.map(async (query) => {
    const expression = filled(query.expression, variables);
    const instant = panel.kind === "table";
    const data = instant
      ? await queryApi("query", {query: expression, time: time.end})
      : await queryApi("query_range", {query: expression, start: time.start, end: time.end, step: time.step});
    return data.result.map((series) => ({
      name: legend(query.legend, series.metric),
      labels: series.metric,
      color: query.color,
      dashed: query.dashed,
      points: (series.values || [series.value]).map(([at, value]) => [at, Number(value)]),
    }));
  });
  return (await Promise.all(queries)).flat();
}
