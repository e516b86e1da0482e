// The ladder: two ends as lanes of bands, time down, PDUs as arrows between them.

/** Rows of one grid, and rows that are drawn before anybody asks for more. */
const SEGMENT = 100;
const FIRST_ROWS = 500;

/** State names that must fit a narrow band. */
const SHORT = {
  INITIALIZE: "INIT",
  PORT_DISABLED: "DOWN",
  LACP_DISABLED: "OFF",
  EXPIRED: "EXP",
  DEFAULTED: "DEF",
  CURRENT: "CUR",
  DETACHED: "DET",
  WAITING: "WAIT",
  ATTACHED: "ATT",
  COLLECTING: "COLL",
  DISTRIBUTING: "DIST",
  COLLECTING_DISTRIBUTING: "C+D",
};

/** The bits of Actor_State that have a column of their own, by letter. */
const COLUMNS = ["S", "C", "D"];

class Ladder {
  /**
   * `world`: pdus, bits; `talk`: ends (one or two names), exhibits, timelines by end, notes.
   * `show(exhibit, before)` opens a PDU.
   */
  constructor(world, talk, show) {
    this.world = world;
    this.talk = talk;
    this.show = show;
    this.opened = new Set();
    this.limit = FIRST_ROWS;
    this.accused = accusations(talk);
    this.body = h("div", { class: "segments" });
    const [left, right] = talk.ends;
    this.element = h(
      "div",
      { class: "ladder", role: "group", "aria-label": `What ${left} and ${right || "nobody"} said, in order of time` },
      h(
        "div",
        { class: "lanes" },
        h("div", { class: "lane-name" }, breakable(left)),
        h("div", { class: "lane-name right" }, right ? breakable(right) : "nobody heard"),
      ),
      this.head(),
      this.body,
    );
    this.draw();
  }

  head() {
    const of = (side) => [
      ["rx", "Receive", "Rx"],
      ["mux", "Mux", "Mx"],
      ...COLUMNS.map((letter) => [letter.toLowerCase(), letter, letter]),
    ].map(([column, long, short]) => h("span", { class: `col-${side}-${column}`, title: long, "data-short": short }, h("span", {}, long)));
    return h("div", { class: "grid head", "aria-hidden": true }, h("span", { class: "col-time" }, h("span", {}, "s")), of("l"), of("r"));
  }

  /** Frames that stay visible: the first and last few of each note. */
  kept() {
    return new Set(this.talk.notes.flatMap(({ frames }) => [...frames.slice(0, 3), ...frames.slice(-3)]));
  }

  draw() {
    const { exhibits, notes, timelines } = this.talk;
    const keep = this.kept();
    for (const entries of Object.values(timelines)) for (const entry of entries) keep.add(entry.frame);
    this.rows = rowsOf(exhibits, notes, keep, this.opened);
    this.spans = this.talk.ends.map((end) => bandsOf(end, timelines[end] || [], this.rows, this.world.bits));
    this.fill();
  }

  fill() {
    const shown = Math.min(this.limit, this.rows.length);
    const segments = [];
    for (let from = 0; from < shown; from += SEGMENT) {
      segments.push(this.segment(from, Math.min(from + SEGMENT, shown)));
    }
    const left = this.rows.length - shown;
    if (left > 0) segments.push(this.more(left));
    this.body.replaceChildren(...segments);
  }

  more(left) {
    const next = Math.min(left, FIRST_ROWS);
    const press = () => {
      this.limit += FIRST_ROWS;
      this.fill();
    };
    return h(
      "p",
      { class: "more" },
      `${plural(left, "more row")} not drawn. `,
      h("button", { type: "button", onclick: press }, `Draw the next ${next.toLocaleString("en")}`),
    );
  }

  segment(from, to) {
    const grid = h("div", { class: "grid" });
    const whole = { style: { "--from": 1, "--to": to - from + 1 } };
    grid.append(h("div", { class: "wire", "aria-hidden": true, ...whole }));
    this.spans.forEach((spans, lane) => grid.append(...this.bands(spans, lane, from, to)));
    for (let index = from; index < to; index += 1) {
      const cells = this.row(this.rows[index]).filter(Boolean);
      for (const cell of cells) {
        cell.style.setProperty("--from", index - from + 1);
        cell.style.setProperty("--to", index - from + 2);
      }
      grid.append(...cells);
    }
    return grid;
  }

  bands(spans, lane, from, to) {
    const side = lane ? "r" : "l";
    return spans
      .filter((span) => span.to > from && span.from < to)
      .map((span) => {
        const label = h("span", { class: "band-name", "data-short": SHORT[span.name] || span.name.slice(0, 4) }, h("span", {}, breakable(span.name)));
        const props = {
          class: `band col-${side}-${span.column} is-${span.name}${span.from < from ? " goes-on" : ""}`,
          role: "img",
          title: `${this.talk.ends[lane]}: ${span.title}`,
          "aria-label": `${this.talk.ends[lane]}: ${span.title}, ${clock(span.start)} to ${clock(span.end)} s`,
          "data-first": span.from >= from ? span.frame : null,
          style: { "--from": Math.max(span.from, from) - from + 1, "--to": Math.min(span.to, to) - from + 1 },
        };
        return h("div", props, label);
      });
  }

  row(row) {
    switch (row.type) {
      case "pdu":
        return [h("span", { class: "col-time at" }, clock(row.time)), this.arrow(row)];
      case "fold":
        return [h("span", { class: "col-time at range" }, `${clock(row.time)}\u2013`, h("br"), clock(row.end)), this.fold(row)];
      case "note":
        return [this.note(row.note)];
      default:
        return [pauseCell(row.pause)];
    }
  }

  arrow({ exhibit, before }) {
    const pdu = this.world.pdus[exhibit.pdu];
    const [left, right] = this.talk.ends;
    const rightwards = exhibit.actor === left;
    const note = this.accused.get(exhibit.frame);
    const sign = note ? h("span", { class: "sign" }, SIGNS[note.verdict]) : null;
    const classes = ["arrow", rightwards ? "to-right" : "to-left", exhibit.kind];
    if (note) classes.push("accused", note.verdict);
    if (!right) classes.push("unheard");
    if (pdu.deviations.length) classes.push("deviant");
    const known = before === null ? null : this.world.pdus[before];
    const props = {
      type: "button",
      class: classes.join(" "),
      "data-frame": exhibit.frame,
      "aria-label": spoken(this.world, exhibit, pdu, rightwards ? right : left, note),
      onclick: () => this.show(exhibit, before),
    };
    return h(
      "button",
      props,
      h(
        "span",
        { class: "said" },
        h("span", { class: "frame" }, `#${exhibit.frame}`),
        sign,
        pdu.states ? this.flags(pdu, known) : h("span", { class: "kind" }, KINDS[exhibit.kind][0]),
      ),
    );
  }

  /** The letters of both blocks; what came and what went since the sender's PDU before. */
  flags(pdu, known) {
    const block = (at) => {
      const now = pdu.states[at];
      const was = known && known.states ? known.states[at] : now;
      return this.world.bits
        .filter((bit) => (now | was) & bit.mask)
        .map((bit) => {
          const kind = now & bit.mask ? (was & bit.mask ? "on" : "came") : "went";
          return h("span", { class: `flag ${kind}` }, bit.letter);
        });
    };
    return [
      h("span", { class: "flags" }, block(0)),
      h("span", { class: "echo" }, "echo ", h("span", { class: "flags" }, pdu.states[1] || (known && known.states[1]) ? block(1) : "\u2013")),
    ];
  }

  fold({ run, by, time, end }) {
    const each = [...by].map(([actor, times]) => {
      const mean = times.length > 1 ? (times[times.length - 1] - times[0]) / (times.length - 1) : null;
      const arrow = actor === this.talk.ends[0] ? "\u2192" : "\u2190";
      return `${times.length} ${arrow}${mean === null ? "" : ` each ${duration(mean)}`}`;
    });
    const press = () => {
      this.opened.add(run[0].frame);
      // Twice, as a pause may precede each PDU.
      this.limit += 2 * (2 * UNFOLD + FOLD_FROM);
      this.draw();
    };
    const count = plural(run.length, "PDU");
    return h(
      "button",
      {
        type: "button",
        class: "fold",
        onclick: press,
        "data-count": run.length,
        "aria-label": `${duration(end - time)} folded: ${count} unchanged, frames ${run[0].frame} to ${run[run.length - 1].frame}. Press to unfold.`,
      },
      h("b", {}, duration(end - time)),
      ` unchanged: ${each.join(", ")} `,
      h("span", { class: "unfold" }, "unfold"),
    );
  }

  note(note) {
    const right = note.actor === this.talk.ends[1];
    return h(
      "div",
      { class: `note ${note.verdict}${right ? " by-right" : ""}`, "data-note": note.id, tabindex: -1 },
      h("p", { class: "note-head" }, h("span", { class: "sign", "aria-hidden": true }, SIGNS[note.verdict]), " ", note.head),
      h("p", {}, note.message),
    );
  }

  /** Draw as far as the note, and show it. */
  reveal(id) {
    const index = this.rows.findIndex((row) => row.type === "note" && row.note.id === id);
    if (index >= this.limit) {
      this.limit = index + SEGMENT;
      this.fill();
    }
    const element = this.body.querySelector(`[data-note="${id}"]`);
    if (!element) return;
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
  }
}

/** The note against each PDU, of those whose sender is the one at fault; a violation before a warning. */
function accusations({ exhibits, notes }) {
  const senders = new Map(exhibits.map((exhibit) => [exhibit.frame, exhibit.actor]));
  const found = new Map();
  for (const note of notes) {
    for (const frame of note.frames) {
      const known = found.get(frame);
      const graver = !known || (known.verdict !== "fail" && note.verdict === "fail");
      if (senders.get(frame) === note.actor && graver) found.set(frame, note);
    }
  }
  return found;
}

function pauseCell(pause) {
  const height = 6 + 10 * Math.log2(1 + pause);
  const text = pause < TELL_PAUSE ? "" : duration(pause);
  return h("div", { class: "pause", style: { "--height": `${height.toFixed(1)}px` } }, text ? h("span", {}, text) : null);
}

/** The bands of one end: state names and bits, from the row that shows them first. */
function bandsOf(end, entries, rows, bits) {
  const frames = new Map();
  rows.forEach((row, index) => row.frames.forEach((frame) => frames.set(frame, index)));
  const own = (row) => row.type === "pdu" ? row.exhibit.actor === end : row.type === "fold" && row.by.has(end);
  const stop = rows.findLastIndex(own) + 1;
  const rowOf = (entry) => {
    const index = frames.get(entry.frame);
    return index === undefined ? rows.findIndex((row) => row.end >= entry.time) : index;
  };
  const starts = entries.map(rowOf);
  const spans = [];
  const column = (name, valueOf, titleOf) => {
    let open = null;
    const close = (to, time) => {
      if (open && to > open.from) spans.push({ ...open, to, end: time });
      open = null;
    };
    entries.forEach((entry, at) => {
      if (starts[at] < 0) return;
      const value = valueOf(entry);
      if (open && open.name === value) return;
      close(starts[at], entry.time);
      if (value) open = { column: name, name: value, title: titleOf(value), from: starts[at], start: entry.time, frame: entry.frame };
    });
    close(stop, stop ? rows[stop - 1].end : 0);
  };
  column("rx", (entry) => entry.receive, (value) => `Receive ${value}`);
  column("mux", (entry) => entry.mux, (value) => `Mux ${value}`);
  for (const letter of COLUMNS) {
    const bit = bits.find((one) => one.letter === letter);
    column(letter.toLowerCase(), (entry) => entry.actor_state & bit.mask ? letter : null, () => bit.on);
  }
  return spans;
}

/** An arrow in words. */
function spoken(world, exhibit, pdu, to, note) {
  const flags = (state) => world.bits.filter((bit) => state & bit.mask).map((bit) => bit.name.replaceAll("_", " ")).join(", ") || "none";
  const parts = [`Frame ${exhibit.frame} at ${clock(exhibit.time)} s`, `from ${exhibit.actor} to ${to || "nobody heard"}`];
  if (pdu.states) parts.push(`actor: ${flags(pdu.states[0])}`, `echo: ${flags(pdu.states[1])}`);
  else parts.push(KINDS[exhibit.kind][1]);
  if (note) parts.push(`${note.verdict}: ${note.head}`);
  return parts.join("; ");
}
