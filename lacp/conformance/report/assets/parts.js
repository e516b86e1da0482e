// What the pages have in common beside the ladder: a choice, the legend.

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A labelled choice; the first option stands for all. */
function choose(change, id, label, all, options) {
  return h(
    "label",
    { for: id },
    label,
    h("select", { id, onchange: change }, h("option", { value: "" }, all), options.map(([value, text]) => h("option", { value }, text))),
  );
}

function chosen(id) {
  const select = document.getElementById(id);
  return select ? select.value : "";
}

/** How to read a ladder. */
function legend(bits) {
  return h(
    "details",
    { class: "legend" },
    h("summary", {}, "How to read this"),
    h("p", {}, "Time runs down, in seconds. Each arrow is a PDU: press it to see every field. The letters are the sender\u2019s state; behind \u201cecho\u201d, what it holds of its partner. A letter that came is underlined, one that went is struck through. The bands are the states that the PDUs show."),
    h("dl", {}, bits.map((bit) => [h("dt", {}, bit.letter), h("dd", {}, bit.on)])),
  );
}
