// Several runs side by side: a row for each case, a column for each run.

const data = JSON.parse(document.getElementById("data").textContent);
const dialog = document.getElementById("pdu");
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

const groups = [...new Set(data.cases.map((row) => row.group))];

function masthead() {
  return h(
    "header",
    { class: "masthead" },
    h("p", { class: "eyebrow" }, "LACP conformance"),
    h("h1", {}, h("span", {}, breakable(data.runs.map((run) => run.name).join(", ") || "no runs"))),
    h("p", { class: "quiet" }, `${plural(data.cases.length, "case")}, ${plural(data.runs.length, "run")}`),
  );
}

function runCards() {
  return h(
    "div",
    { class: "ends" },
    data.runs.map((run) =>
      h(
        "div",
        { class: "end" },
        h("p", { class: "end-name" }, breakable(run.name)),
        h("p", {}, breakable(run.device)),
        h("p", { class: "counts" }, Object.entries(run.counts).filter(([, count]) => count).map(([verdict, count]) => [badge(verdict), ` ${count} `])),
        h(
          "dl",
          {},
          [["Edition", run.edition], ["Control", run.control], ["Links", run.links], ...Object.entries(run.versions), ["Started", run.started], ["Command", breakable(run.command)]]
            .filter(([, fact]) => fact !== "" && fact.length !== 0)
            .map(([term, fact]) => [h("dt", {}, term), h("dd", {}, fact)]),
        ),
      ),
    ),
  );
}

function toolbar() {
  return h(
    "form",
    { class: "toolbar", "aria-label": "Filter", onsubmit: (event) => event.preventDefault() },
    choose(render, "by-kind", "Show", "All cases", [["differs", "Where the runs differ"], ["wrong", "Where one failed"]]),
    choose(render, "by-group", "Group", `All, ${plural(groups.length, "group")}`, groups.map((one) => [one, one])),
  );
}

function wanted(row) {
  const kind = chosen("by-kind");
  const group = chosen("by-group");
  const ran = row.outcomes.filter((one) => one && one.verdict !== "skip").map((one) => one.verdict);
  if (group && row.group !== group) return false;
  if (kind === "differs") return new Set(ran).size > 1;
  return kind !== "wrong" || ran.includes("fail");
}

function tableRow(row) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("button", { type: "button", class: "link-button", onclick: () => tell(row) }, row.case)),
    row.outcomes.map((one) => h("td", { class: `cell ${one ? one.verdict : "skip"}` }, one ? `${SIGNS[one.verdict]} ${one.verdict}` : "\u2013")),
    h("td", { class: "title" }, row.title),
  );
}

/** What every run made of a case, and why. */
function tell(row) {
  const close = h("button", { type: "button", "aria-label": "Close", autofocus: true, onclick: () => dialog.close() }, "\u00d7");
  dialog.replaceChildren(
    h("header", {}, h("h2", { id: "pdu-title" }, `${row.case}: ${row.title}`), h("nav", {}, close), h("p", { class: "quiet" }, row.clause)),
    h("p", {}, h("b", {}, "Expected: "), row.expected),
    h(
      "ul",
      { class: "remarks" },
      row.outcomes.map((one, at) =>
        h("li", {}, one ? badge(one.verdict) : "\u2013", " ", h("b", {}, breakable(data.runs[at].name)), one && one.reason ? `: ${one.reason}` : "", one && one.waiver ? h("span", { class: "quiet" }, ` Waived: ${one.waiver}`) : null),
      ),
    ),
  );
  dialog.showModal();
}

const body = h("tbody");
const table = h(
  "div",
  { class: "wide", tabindex: 0, role: "region", "aria-label": "All cases" },
  h(
    "table",
    { class: "matrix" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Case"), data.runs.map((run) => h("th", { scope: "col" }, breakable(run.name))), h("th", { scope: "col" }, "What a conforming device does"))),
    body,
  ),
);

function render() {
  body.replaceChildren(...data.cases.filter(wanted).map(tableRow));
}

document.getElementById("page").replaceChildren(masthead(), runCards(), toolbar(), table);
render();
