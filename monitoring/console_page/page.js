// The page: controls, a box for each panel, and the refresh timer.

const definition = JSON.parse(document.getElementById("definition").textContent);
const RANGES = [[900, "15 minutes"], [3600, "1 hour"], [21600, "6 hours"], [86400, "24 hours"], [604800, "7 days"]];
const REFRESHES = [[10, "10 s"], [30, "30 s"], [60, "1 min"], [0, "off"]];
const POINTS = 240;

// Choices live in the address, so that a link keeps them.
const chosen = Object.assign({range: "3600", host: "", refresh: "10"},
  Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
const boxes = new Map();
let targets = {hosts: [], scrapeInterval: 15};
let timer = 0, turn = 0;

function choice(id, options) {
  const select = document.getElementById(id);
  select.replaceChildren(...options.map(([value, text]) => element("option", {value}, text)));
  select.value = chosen[id];
  if (select.selectedIndex < 0) {
    select.selectedIndex = 0;
    chosen[id] = select.value;
  }
  select.onchange = () => {
    chosen[id] = select.value;
    history.replaceState(null, "", "#" + new URLSearchParams(chosen));
    update();
  };
}

function build() {
  const main = document.getElementById("panels");
  main.replaceChildren();
  for (const section of definition.sections) {
    document.getElementById("sections").append(element("a", {href: "#"}, section.title));
    const heading = element("h2", {}, section.title);
    document.getElementById("sections").lastChild.onclick = (event) => {
      event.preventDefault();
      heading.scrollIntoView({behavior: "smooth"});
    };
    const stats = element("div", {class: "row stats"}), rest = element("div", {class: "row"});
    for (const panel of section.panels) {
      const content = element("div");
      const parts = [element("h3", {}, panel.title), element("p", {}, panel.description), content];
      if (panel.kind === "stat") parts.splice(1, 2, content, parts[1]);
      (panel.kind === "stat" ? stats : rest).append(
        element("section", {class: "panel " + panel.kind, "data-panel": panel.title, "data-state": "waiting"}, ...parts));
      boxes.set(content, {panel, variables: section.variables});
    }
    main.append(heading, stats, rest);
  }
}

async function fill(content, time) {
  const {panel, variables} = boxes.get(content);
  const own = {
    ...variables,
    instance: instancePattern(chosen.host),
    __rate_interval: rateInterval(time.step, targets.scrapeInterval),
  };
  const mine = time.turn;
  let drawn, state;
  try {
    const series = await queryPanel(panel, own, time);
    drawn = drawPanel(panel, series, time, Math.max(240, content.clientWidth));
    state = drawn[0].className === "empty" ? "empty" : "drawn";
  } catch (error) {
    drawn = [element("div", {class: "empty failed"}, "Query failed: " + error.message)];
    state = "failed";
  }
  if (mine !== turn) return;   // another choice was made in the meantime
  content.replaceChildren(...drawn);
  content.parentElement.dataset.state = state;
}

async function update() {
  clearTimeout(timer);
  turn += 1;
  const range = Number(chosen.range), step = Math.max(1, Math.ceil(range / POINTS));
  const end = Math.floor(Date.now() / 1000);
  const time = {start: end - range, end, step, turn};
  const status = document.getElementById("status");
  try {
    targets = await queryTargets();
    time.deployments = await queryDeployments(time);
    choice("host", [["", "all"], ...targets.hosts.map((host) => [host, host])]);
    await Promise.all([...boxes.keys()].map((content) => fill(content, time)));
    status.textContent = "as of " + clock(end, 0);
    status.className = "";
  } catch (error) {
    status.textContent = "Prometheus does not answer: " + error.message;
    status.className = "banner";
  }
  if (time.turn === turn && Number(chosen.refresh)) timer = setTimeout(update, 1000 * chosen.refresh);
}

// Debian's Prometheus serves its pages below classic/.
async function repairLinks() {
  for (const link of document.querySelectorAll("footer a")) {
    const path = link.getAttribute("href");
    const response = await fetch(prometheusUrl(path));
    if (response.status === 404) link.href = path.replace("../", "../classic/");
  }
}

choice("range", RANGES);
choice("refresh", REFRESHES);
build();
update();
repairLinks();
document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : update());
addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(update, 300); });
