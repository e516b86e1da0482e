// The page about a run of the tester: every case, and the frames of those that did not pass.

const data = JSON.parse(document.getElementById("data").textContent);
const dialog = new PduDialog(data);
const ENDS = ["tester", "device"];

const groups = [...new Set(data.cases.map((one) => one.group))];
const verdicts = Object.keys(SIGNS).filter((verdict) => data.cases.some((one) => one.verdict === verdict));

function masthead() {
  const worst = data.cases.some((one) => one.verdict === "fail") ? "fail" : data.cases.length ? "pass" : "skip";
  return h(
    "header",
    { class: "masthead" },
    h("p", { class: "eyebrow" }, "LACP conformance of ", breakable(data.device)),
    h("h1", { class: worst }, h("span", { class: "sign", "aria-hidden": true }, SIGNS[worst]), h("span", {}, breakable(capital(data.verdict)))),
    h("p", { class: "quiet" }, data.about),
    data.command ? h("p", { class: "mono quiet" }, breakable(data.command)) : null,
  );
}

/** All cases at a glance: a button each, by group. */
function overview() {
  return h(
    "section",
    { class: "overview", "aria-label": "All cases" },
    groups.map((group) =>
      h(
        "div",
        { class: "overview-group" },
        h("b", {}, group),
        h("span", { class: "chips" }, data.cases.filter((one) => one.group === group).map(chip)),
      ),
    ),
  );
}

function chip(one) {
  const label = `${one.case}: ${one.verdict}: ${one.title}`;
  return h("button", { type: "button", class: `chip ${one.verdict}`, title: label, "aria-label": label, onclick: () => goTo(one) }, `${SIGNS[one.verdict]} ${one.case.split("-").slice(1).join("-")}`);
}

function goTo(one) {
  for (const id of ["by-verdict", "by-group"]) document.getElementById(id).value = "";
  render();
  const element = document.getElementById(`case-${one.case}`);
  element.open = true;
  element.scrollIntoView({ block: "start" });
  element.querySelector("summary").focus({ preventScroll: true });
}

function toolbar() {
  const count = (verdict) => data.cases.filter((one) => one.verdict === verdict).length;
  return h(
    "form",
    { class: "toolbar", "aria-label": "Filter", onsubmit: (event) => event.preventDefault() },
    choose(render, "by-verdict", "Verdict", `All, ${plural(data.cases.length, "case")}`, verdicts.map((one) => [one, `${one} (${count(one)})`])),
    choose(render, "by-group", "Group", `All, ${plural(groups.length, "group")}`, groups.map((one) => [one, one])),
  );
}

function caseItem(one) {
  const details = h(
    "details",
    { class: `case ${one.verdict}`, id: `case-${one.case}` },
    h(
      "summary",
      {},
      badge(one.verdict),
      h("b", {}, one.case),
      h("span", { class: "case-title" }, one.title),
    ),
  );
  let filled = false;
  const fill = () => {
    if (!filled) details.append(caseBody(one));
    filled = true;
  };
  details.addEventListener("toggle", () => details.open && fill());
  if (one.verdict === "fail") {
    fill();
    details.open = true;
  }
  return details;
}

function caseBody(one) {
  return h(
    "div",
    { class: "case-body" },
    h("p", { class: "quiet" }, `${one.clause}, from ${one.source}${one.verdict === "skip" ? "" : `; took ${duration(one.duration)}`}`),
    h("p", {}, h("b", {}, "Expected: "), one.expected),
    one.waiver ? h("p", { class: "limit" }, h("b", {}, "Waived: "), one.waiver) : null,
    h("ul", { class: "remarks" }, one.remarks.map((it) => h("li", {}, badge(it.verdict), one.verdict === "skip" ? " " : ` ${clock(it.time)} s  `, it.text))),
    one.left_out ? h("p", { class: "limit" }, `${plural(one.left_out, "frame")} between the first and the last were left out.`) : null,
    one.talks.map((talk) => talkOf(one, talk)),
  );
}

function talkOf(one, talk) {
  const notes = one.remarks
    .filter((it) => it.verdict !== "pass")
    .map((it, at) => ({ id: `${one.case}-${talk.link}-${at}`, verdict: it.verdict, time: it.time, frames: [], actor: "device", head: one.case, message: it.text }));
  const ladder = new Ladder(data, { ends: ENDS, exhibits: talk.exhibits, timelines: talk.timelines, notes }, (exhibit, before) => dialog.open(exhibit, before, talk.exhibits));
  return h("div", { class: "talk" }, h("h4", {}, `Link ${talk.link}`), legend(data.bits), ladder.element);
}

const body = h("div", { id: "cases" });

function render() {
  const verdict = chosen("by-verdict");
  const group = chosen("by-group");
  const shown = data.cases.filter((one) => (!verdict || one.verdict === verdict) && (!group || one.group === group));
  body.replaceChildren(...shown.map(caseItem));
  if (!shown.length) body.append(h("p", { class: "quiet" }, "No such case."));
}

document.getElementById("page").replaceChildren(masthead(), overview(), toolbar(), body);
render();
