// The page about captures: verdict, links with their ladders, findings, tallies of rules.

const data = JSON.parse(document.getElementById("data").textContent);
const dialog = new PduDialog(data);
const FINDINGS_SHOWN = 100;
const LINKS_SHOWN = 24;

/** Captures and their links, flat; one without links still shows what was read. */
const parts = data.captures.map((capture, at) => ({
  capture,
  at,
  links: capture.links.map((link, number) => talkOf(capture, link, `${at}-${number}`)).sort((one, other) => gravity(other) - gravity(one)),
}));

/** Links with a violation come first, then those with a warning; else in the order of the capture. */
function gravity({ findings }) {
  if (findings.some((each) => each.verdict === "fail")) return 2;
  return findings.length ? 1 : 0;
}

function talkOf(capture, link, id) {
  const ends = new Set(link.ends);
  const findings = capture.findings.map((finding, number) => ({ ...finding, number })).filter((each) => ends.has(each.actor));
  return { id, link, capture, findings, actors: link.ends.map((end) => capture.actors.find((one) => one.actor === end)) };
}

/** What of a conversation is drawn when `actor` is chosen, or all of it. */
function talk({ id, link, capture, findings }, actor) {
  const wanted = (name) => (actor ? name === actor : link.ends.includes(name));
  const timelines = {};
  for (const one of capture.actors) if (wanted(one.actor)) timelines[one.actor] = one.timeline;
  return {
    ends: link.ends,
    exhibits: capture.exhibits.filter((exhibit) => wanted(exhibit.actor)),
    timelines,
    notes: findings
      .filter((each) => wanted(each.actor))
      .map((each) => ({ ...each, id: `${id}-${each.number}`, head: `${each.rule} \u00b7 ${each.clause}${titleOf(each.rule)}` })),
  };
}

function titleOf(rule) {
  return data.titles[rule] ? ` \u00b7 ${data.titles[rule]}` : "";
}

function show(capture, frame) {
  const exhibit = capture.exhibits.find((one) => one.frame === frame);
  if (exhibit) dialog.open(exhibit, beforeOf(capture.exhibits, exhibit), capture.exhibits);
}

// The head of the page.

function masthead() {
  const has = (verdict) => data.captures.some((capture) => Object.values(capture.rules).some((tally) => tally[verdict]));
  const verdict = has("fail") ? "fail" : has("pass") || has("inconclusive") ? "pass" : "skip";
  return h(
    "header",
    { class: "masthead" },
    h("p", { class: "eyebrow" }, "LACP conformance of ", breakable(data.captures.map((capture) => capture.file).join(", ") || "no capture")),
    h("h1", { class: verdict }, h("span", { class: "sign", "aria-hidden": true }, SIGNS[verdict]), h("span", {}, breakable(capital(data.verdict)))),
    (data.unreadable || []).map((each) => h("p", { class: "caution" }, "Not read: ", breakable(`${each.file}: ${each.reason}`))),
  );
}

function toolbar() {
  const links = parts.flatMap((part) => part.links);
  const actors = [...new Set(data.captures.flatMap((capture) => capture.actors.map((one) => one.actor)))];
  if (links.length < 2 && actors.length < 2) return null;
  return h(
    "form",
    { class: "toolbar", "aria-label": "Filter", onsubmit: (event) => event.preventDefault() },
    links.length > 1 ? choose(render, "by-link", "Link", `All ${links.length} links`, links.map((one) => [one.id, one.link.ends.join(" \u2194 ")])) : null,
    actors.length > 1 ? choose(render, "by-actor", "Actor", `All ${actors.length} actors`, actors.map((one) => [one, one])) : null,
  );
}

// A capture.

function captureSection({ capture, links, at }) {
  const link = chosen("by-link");
  const actor = chosen("by-actor");
  const visible = links.filter((one) => (!link || one.id === link) && (!actor || one.link.ends.includes(actor)));
  const inLinks = new Set(links.flatMap((one) => one.link.ends));
  const rest = capture.findings.map((each, number) => ({ ...each, number })).filter((each) => !inLinks.has(each.actor));
  return h(
    "section",
    { class: "capture", "aria-labelledby": `capture-${at}` },
    h("h2", { id: `capture-${at}` }, breakable(capture.file)),
    h("p", { class: "quiet" }, capture.headline),
    capture.damage ? h("p", { class: "caution" }, h("b", {}, "Damaged: "), capture.damage) : null,
    capture.limits.map((limit) => h("p", { class: "limit" }, h("b", {}, "Limit: "), limit)),
    leftOut(capture),
    linkSections(visible, actor),
    rest.length ? h("section", { class: "link" }, h("h3", {}, "By others"), findingList({ findings: rest, capture }, null)) : null,
    ruleTable(capture),
  );
}

function leftOut(capture) {
  const pdus = capture.frames.lacpdu + capture.frames.marker + capture.frames.marker_response;
  const missing = pdus - capture.exhibits.length;
  if (!missing && !capture.left_out) return null;
  const words = [
    missing > 0 ? `${plural(capture.exhibits.length, "PDU")} of ${pdus.toLocaleString("en")} are drawn` : null,
    capture.left_out ? `${plural(capture.left_out, "finding, state or PDU", "findings, states or PDUs")} left out to bound the memory` : null,
  ];
  return h("p", { class: "limit" }, h("b", {}, "Left out: "), words.filter(Boolean).join("; "), ".");
}

/** So many at a time: a capture may hold thousands. */
function linkSections(links, actor) {
  const left = links.length - LINKS_SHOWN;
  const shown = links.slice(0, LINKS_SHOWN).map((one) => linkSection(one, actor));
  if (left <= 0) return shown;
  const press = () => more.replaceWith(...linkSections(links.slice(LINKS_SHOWN), actor));
  const more = h("p", { class: "more" }, `${plural(left, "more link")} not drawn. `, h("button", { type: "button", onclick: press }, `Draw the next ${Math.min(left, LINKS_SHOWN)}`));
  return [...shown, more];
}

function linkSection(one, actor) {
  const { link, capture, findings } = one;
  const section = h(
    "section",
    { class: "link", "aria-label": `Link ${link.ends.join(" and ")}`, "data-link": one.id },
    h("h3", {}, h("span", {}, breakable(link.ends[0])), h("span", { class: "between", "aria-label": "and" }, " \u2194 "), h("span", {}, link.ends[1] ? breakable(link.ends[1]) : "nobody heard")),
    h("p", { class: "summary" }, link.summary),
    h("div", { class: "ends" }, one.actors.map((it, at) => endCard(link.ends[at], it, findings))),
  );
  const ladder = new Ladder(data, talk(one, actor), (exhibit, before) => dialog.open(exhibit, before, capture.exhibits));
  const listed = actor ? { ...one, findings: findings.filter((each) => each.actor === actor) } : one;
  if (listed.findings.length) section.append(h("h4", {}, "Findings"), findingList(listed, ladder));
  section.append(h("h4", {}, "Conversation"), legend(data.bits), ladder.element);
  return section;
}

function endCard(name, actor, findings) {
  if (!actor) return h("div", { class: "end" }, h("p", { class: "end-name" }, breakable(name)), h("p", { class: "quiet" }, "Sent no LACPDU that was captured."));
  const wrong = findings.filter((each) => each.actor === name && each.verdict === "fail").length;
  const warned = findings.filter((each) => each.actor === name && each.verdict === "warn").length;
  const state = actor.timeline.length ? actor.timeline[actor.timeline.length - 1].actor_state : null;
  const bits = state === null ? [] : data.bits.filter((bit) => ["activity", "short_timeout"].includes(bit.name));
  const facts = [
    ["System priority", actor.system_priority],
    ["Key", actor.key],
    ["Port priority", actor.port_priority],
    ["Source", breakable(actor.source_mac)],
    ...bits.map((bit) => [bit.name === "activity" ? "Activity" : "Timeout", state & bit.mask ? bit.on : bit.off]),
    ["PDUs", `${actor.pdus.toLocaleString("en")}, ${clock(actor.first)}\u2013${clock(actor.last)} s`],
  ];
  return h(
    "div",
    { class: "end" },
    h("p", { class: "end-name" }, breakable(name)),
    h("p", {}, wrong ? [badge("fail"), ` ${plural(wrong, "violation")}`] : [badge("pass"), " nothing violated"], warned ? [" ", badge("warn"), ` ${plural(warned, "warning")}`] : null),
    h("dl", {}, facts.map(([term, fact]) => [h("dt", {}, term), h("dd", {}, fact)])),
  );
}

function findingList({ id, findings, capture }, ladder) {
  const list = h("ol", { class: "findings" });
  const add = (from, to) => list.append(...findings.slice(from, to).map((each) => findingItem(each, id, capture, ladder)));
  add(0, FINDINGS_SHOWN);
  const left = findings.length - FINDINGS_SHOWN;
  if (left <= 0) return list;
  const more = h("p", { class: "more" }, h("button", { type: "button", onclick: () => { more.remove(); add(FINDINGS_SHOWN); } }, `List ${left.toLocaleString("en")} more`));
  return [list, more];
}

function findingItem(finding, id, capture, ladder) {
  return h(
    "li",
    { class: finding.verdict },
    h(
      "p",
      { class: "finding-head" },
      badge(finding.verdict),
      h("b", {}, finding.rule),
      h("span", { class: "quiet" }, `${finding.clause}${titleOf(finding.rule)}`),
    ),
    h("p", { class: "finding-message" }, finding.message),
    h(
      "p",
      { class: "finding-place" },
      h("span", {}, `${clock(finding.time)} s`),
      h("span", { class: "mono" }, breakable(finding.actor)),
      h("span", {}, finding.frames.length === 1 ? "frame " : "frames ", frameLinks(finding.frames, capture)),
      ladder ? h("button", { type: "button", class: "link-button", onclick: () => ladder.reveal(`${id}-${finding.number}`) }, "show") : null,
    ),
  );
}

/** Frame numbers as buttons; of long runs the first and the last. */
function frameLinks(frames, capture) {
  const known = new Set(capture.exhibits.map((exhibit) => exhibit.frame));
  const one = (frame) =>
    known.has(frame)
      ? h("button", { type: "button", class: "link-button", "data-opens": frame, onclick: () => show(capture, frame) }, `${frame}`)
      : `${frame}`;
  const runs = ranges(frames);
  const shown = runs.slice(0, 8).flatMap(([from, to], at) => [at ? ", " : "", one(from), to > from ? ["\u2013", one(to)] : null]);
  const left = runs.slice(8).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return [shown, left ? ` and ${left} more` : null];
}

function ruleTable(capture) {
  const rules = Object.entries(capture.rules);
  if (!rules.length) return null;
  const counts = ["pass", "fail", "warn", "inconclusive"].filter((name) => name === "pass" || rules.some(([, tally]) => tally[name]));
  return h(
    "details",
    { class: "rules", open: true },
    h("summary", {}, `${plural(rules.length, "rule")} checked`),
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Rule"), counts.map((name) => h("th", { scope: "col", class: "count" }, name === "inconclusive" ? "open" : name)), h("th", { scope: "col" }, "What it asks"))),
      h("tbody", {}, rules.map(([rule, tally]) => h("tr", { class: tally.fail ? "fail" : tally.warn ? "warn" : null }, h("th", { scope: "row" }, rule), counts.map((name) => h("td", { class: `count ${tally[name] ? name : "none"}` }, tally[name].toLocaleString("en"))), h("td", { class: "title" }, data.titles[rule] || "")))),
    ),
    counts.includes("inconclusive") ? h("p", { class: "quiet" }, "Open: what the capture does not show would decide it.") : null,
  );
}

const body = h("div", { id: "captures" });

function render() {
  body.replaceChildren(...parts.map(captureSection));
}

document.getElementById("page").replaceChildren(...[masthead(), toolbar(), body].filter(Boolean));
render();
