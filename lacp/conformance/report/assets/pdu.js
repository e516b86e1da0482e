// One PDU, field by field: a dialog that is opened by an arrow or by a frame number.

class PduDialog {
  /** `world`: pdus, shapes. */
  constructor(world) {
    this.world = world;
    this.element = document.getElementById("pdu");
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.element.close();
    });
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  /** `exhibits` is what the arrow keys walk through. */
  open(exhibit, before, exhibits) {
    this.exhibits = exhibits;
    this.exhibit = exhibit;
    const pdu = this.world.pdus[exhibit.pdu];
    const pressed = this.buttons().indexOf(document.activeElement);
    const close = h("button", { type: "button", class: "close", "aria-label": "Close", autofocus: true, onclick: () => this.element.close() }, "\u00d7");
    this.element.replaceChildren(
      h(
        "header",
        {},
        h("h2", { id: "pdu-title" }, `Frame ${exhibit.frame}: ${KINDS[exhibit.kind][1]}`),
        h("nav", {}, this.step(-1, "\u2190", "Frame before"), this.step(1, "\u2192", "Frame after"), close),
        h("p", { class: "quiet" }, `${clock(exhibit.time)} s, from `, breakable(exhibit.actor || "an unknown station"), `, ${pdu.hex.length / 2} octets`),
      ),
      this.deviations(pdu),
      this.fields(pdu, before === null || before === undefined ? null : this.world.pdus[before]),
    );
    if (!this.element.open) this.element.showModal();
    else this.focus(pressed);
    this.element.scrollTop = 0;
  }

  buttons() {
    return [...this.element.querySelectorAll("nav button")];
  }

  /** Leave the focus where it was, or on what closes when that can be pressed no more. */
  focus(pressed) {
    const buttons = this.buttons();
    const button = buttons[pressed];
    (button && !button.disabled ? button : buttons[buttons.length - 1]).focus();
  }

  step(by, sign, label) {
    const at = this.exhibits.indexOf(this.exhibit) + by;
    const press = () => this.walk(by);
    return h("button", { type: "button", "aria-label": label, disabled: !this.exhibits[at], onclick: press }, sign);
  }

  walk(by) {
    const at = this.exhibits.indexOf(this.exhibit) + by;
    if (this.exhibits[at]) this.open(this.exhibits[at], beforeOf(this.exhibits, this.exhibits[at]), this.exhibits);
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.walk(by);
  }

  deviations(pdu) {
    if (!pdu.deviations.length) return null;
    return h(
      "ul",
      { class: "deviations" },
      pdu.deviations.map((each) => h("li", {}, badge(each.severity), ` ${each.message} `, h("span", { class: "quiet" }, `at ${each.offset}, ${each.clause}`))),
    );
  }

  fields(pdu, before) {
    const shape = this.world.shapes[pdu.shape];
    const comparable = before && before.shape === pdu.shape;
    const body = [];
    let section = null;
    shape.forEach(([offset, length, name, field], at) => {
      if (name !== section) {
        section = name;
        body.push(h("tr", { class: "section" }, h("th", { colspan: 4, scope: "colgroup" }, name)));
      }
      const [value, meaning] = pdu.values[at];
      const was = comparable ? before.values[at][0] : value;
      const wrong = pdu.deviations.find((each) => each.offset >= offset && each.offset < offset + Math.max(length, 1));
      body.push(
        h(
          "tr",
          { class: [wrong ? `wrong ${wrong.severity}` : "", was === value ? "" : "changed"].join(" ").trim() || null, "data-field": `${name}.${field}` },
          h("td", { class: "offset" }, offset),
          h("td", { class: "name" }, breakable(field)),
          h(
            "td",
            { class: "value" },
            h("span", {}, breakable(String(value))),
            meaning ? h("span", { class: "quiet" }, ` ${meaning}`) : null,
            was === value ? null : h("span", { class: "was" }, ` was ${was}`),
            wrong ? h("span", { class: "expected" }, ` ${SIGNS[wrong.severity]} expected ${wrong.expected}`) : null,
          ),
          h("td", { class: "hex" }, spaced(pdu.hex.slice(2 * offset, 2 * (offset + length)))),
        ),
      );
    });
    return h(
      "table",
      { class: "fields" },
      h("thead", {}, h("tr", {}, ["At", "Field", "Value", "Octets"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, body),
    );
  }
}

/** Octets apart, so that a line may end between any two. */
function spaced(hex) {
  return hex.replace(/(..)(?=.)/g, "$1 ");
}

/** The PDU of the same sender before this one. */
function beforeOf(exhibits, exhibit) {
  for (let at = exhibits.indexOf(exhibit) - 1; at >= 0; at -= 1) {
    if (exhibits[at].actor === exhibit.actor && exhibits[at].kind === exhibit.kind) return exhibits[at].pdu;
  }
  return null;
}
