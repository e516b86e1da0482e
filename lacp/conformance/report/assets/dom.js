// Elements and words. Text goes in as text nodes only: nothing that a capture says is ever markup.

/** A new element; `props` are attributes, `on...` listeners, `style` custom properties. */
function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, to);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A long name that may be broken after each separator. */
function breakable(text) {
  return text.split(/(?<=[_#,/])/).flatMap((part, at) => (at ? [h("wbr"), part] : [part]));
}

function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Seconds since the first frame, as Wireshark shows them. */
function clock(time) {
  return time.toFixed(3);
}

/** How long: 0.25 s, 12.0 s, 5 min 20 s, 2 h 5 min. */
function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Runs of frame numbers as [first, last] pairs. */
function ranges(frames) {
  const found = [];
  for (const frame of frames) {
    const last = found[found.length - 1];
    if (last && frame === last[1] + 1) last[1] = frame;
    else found.push([frame, frame]);
  }
  return found;
}

/** Kinds of PDUs, as an arrow and as a title have them. */
const KINDS = {
  lacpdu: ["LACPDU", "LACPDU"],
  marker: ["Marker", "Marker PDU"],
  marker_response: ["Marker Response", "Marker Response PDU"],
  other: ["other", "another frame"],
};

/** What a verdict looks like: said by a sign and a word, never by colour alone. */
const SIGNS = { pass: "\u2713", fail: "\u2717", warn: "\u25b2", info: "\u2022", skip: "\u2013", inconclusive: "?" };

function badge(verdict) {
  return h("span", { class: `badge ${verdict}` }, h("b", { "aria-hidden": true }, SIGNS[verdict] || ""), verdict);
}
