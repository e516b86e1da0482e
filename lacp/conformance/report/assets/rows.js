// What stands in a ladder: a row for each PDU, pauses between them, and long steady stretches folded.

/** Fewer PDUs than this are not worth folding. */
const FOLD_FROM = 6;
/** A fold that is opened shows that many PDUs at each of its ends. */
const UNFOLD = 40;
/** Seconds without a PDU that are drawn as a pause, and those that are also written. */
const PAUSE = 0.2;
const TELL_PAUSE = 2;

/**
 * The rows of a conversation, in order.
 * `keep` holds the frames that are never folded, `open` those whose fold was opened.
 */
function rowsOf(exhibits, notes, keep, open) {
  const rows = fold(exhibits, keep, open);
  return paused(noted(rows, notes));
}

function fold(exhibits, keep, open) {
  const rows = [];
  const seen = new Map();
  let run = [];
  const flush = () => {
    rows.push(...folded(run, open));
    run = [];
  };
  for (const exhibit of exhibits) {
    const before = seen.get(exhibit.actor);
    const now = { pdu: exhibit.pdu, time: exhibit.time, each: before ? exhibit.time - before.time : null, before };
    seen.set(exhibit.actor, now);
    if (steady(now) && !keep.has(exhibit.frame)) {
      run.push(exhibit);
    } else {
      flush();
      rows.push(pduRow(exhibit, before));
    }
    delete now.before;
  }
  flush();
  return rows;
}

/** The same octets as the PDU before, and in about the same rhythm. */
function steady({ pdu, each, before }) {
  if (!before || before.pdu !== pdu) return false;
  if (before.each === null) return true;
  return each > before.each / 2 && each < before.each * 2;
}

function pduRow(exhibit, before) {
  return { type: "pdu", exhibit, before: before ? before.pdu : null, time: exhibit.time, end: exhibit.time, frames: [exhibit.frame] };
}

function folded(run, open) {
  const plain = (part) => part.map((exhibit) => pduRow(exhibit, { pdu: exhibit.pdu }));
  if (run.length < FOLD_FROM) return plain(run);
  if (!open.has(run[0].frame)) return [foldRow(run)];
  if (run.length <= 2 * UNFOLD + FOLD_FROM) return plain(run);
  const middle = run.slice(UNFOLD, -UNFOLD);
  return [...plain(run.slice(0, UNFOLD)), ...folded(middle, open), ...plain(run.slice(-UNFOLD))];
}

function foldRow(run) {
  const by = new Map();
  for (const exhibit of run) {
    if (!by.has(exhibit.actor)) by.set(exhibit.actor, []);
    by.get(exhibit.actor).push(exhibit.time);
  }
  return {
    type: "fold",
    run,
    by,
    time: run[0].time,
    end: run[run.length - 1].time,
    frames: run.map((exhibit) => exhibit.frame),
  };
}

/** Each note behind the row that proves it: the last of its frames up to its time, else that of its time. */
function noted(rows, notes) {
  const at = new Map();
  rows.forEach((row, index) => row.frames.forEach((frame) => at.set(frame, index)));
  const behind = new Map();
  for (const note of notes) {
    const own = note.frames.map((frame) => at.get(frame)).filter((index) => index !== undefined && rows[index].time <= note.time);
    const index = own.length ? own[own.length - 1] : rows.findLastIndex((row) => row.time <= note.time);
    behind.set(index, [...(behind.get(index) || []), note]);
  }
  const all = [];
  const put = (index) => {
    for (const note of behind.get(index) || []) {
      all.push({ type: "note", note, time: note.time, end: note.time, frames: [] });
    }
  };
  put(-1);
  rows.forEach((row, index) => {
    all.push(row);
    put(index);
  });
  return all;
}

function paused(rows) {
  const all = [];
  let last = null;
  for (const row of rows) {
    const pause = row.type === "note" || last === null ? 0 : row.time - last;
    if (pause >= PAUSE) all.push({ type: "pause", pause, time: last, end: row.time, frames: [] });
    all.push(row);
    if (row.type !== "note") last = row.end;
  }
  return all;
}
