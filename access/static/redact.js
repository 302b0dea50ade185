// Draws boxes over pictures and writes them into the rows of numbers below; without script the rows are filled in by
// hand. Numbers are per cent of the sides, from the upper left corner.
"use strict";

{
  const SIDES = ["left", "top", "right", "bottom"];
  const SMALLEST = 0.4;
  const rows = document.querySelector("[data-boxes]");
  const field = (row, name) => row.querySelector(`[name^="${name}-"]`);
  const all = () => [...rows.querySelectorAll("[data-box]")];
  const pageOf = (row) => field(row, "page").value || "1";
  const isEmpty = (row) => SIDES.every((side) => field(row, side).value === "");

  function newRow() {
    const empty = document.querySelector("[data-empty-box]");
    const made = empty.content.firstElementChild.cloneNode(true);
    const number = all().length;
    made.querySelector("legend").textContent = made.querySelector("legend").textContent.replace("NUMBER", number + 1);
    for (const each of made.querySelectorAll("[name]")) each.name = each.name.replace("NUMBER", number);
    rows.append(made);
    prepare(made);
    return made;
  }

  function show() {
    for (const drawing of document.querySelectorAll("[data-drawing]")) {
      const svg = drawing.querySelector("svg");
      svg.replaceChildren();
      for (const row of all()) {
        const [left, top, right, bottom] = SIDES.map((side) => Number.parseFloat(field(row, side).value));
        if (pageOf(row) !== drawing.dataset.page || !(left < right && top < bottom)) continue;
        const rect = document.createElementNS(svg.namespaceURI, "rect");
        const places = { x: left, y: top, width: right - left, height: bottom - top };
        for (const [name, value] of Object.entries(places)) rect.setAttribute(name, value);
        rect.classList.toggle("here", row.contains(document.activeElement));
        svg.append(rect);
      }
    }
  }

  function prepare(row) {
    const remove = row.querySelector("[data-clear]");
    remove.hidden = false;
    remove.addEventListener("click", () => {
      for (const side of SIDES) field(row, side).value = "";
      show();
    });
    for (const name of ["input", "focusin", "focusout"]) row.addEventListener(name, show);
  }

  function write(row, page, from, to) {
    const [left, right] = [from[0], to[0]].sort((one, two) => one - two);
    const [top, bottom] = [from[1], to[1]].sort((one, two) => one - two);
    field(row, "page").value = page;
    SIDES.forEach((side, place) => { field(row, side).value = [left, top, right, bottom][place].toFixed(2); });
  }

  function draw(drawing) {
    const svg = drawing.querySelector("svg");
    const at = (event) => {
      const sides = svg.getBoundingClientRect();
      const share = (place, begin, length) => Math.min(100, Math.max(0, ((place - begin) / length) * 100));
      return [share(event.clientX, sides.left, sides.width), share(event.clientY, sides.top, sides.height)];
    };
    let begun = null;
    drawing.classList.add("live");
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      svg.setPointerCapture(event.pointerId);
      begun = { from: at(event), row: all().find(isEmpty) ?? newRow() };
      event.preventDefault();
    });
    svg.addEventListener("pointermove", (event) => {
      if (!begun) return;
      write(begun.row, drawing.dataset.page, begun.from, at(event));
      show();
    });
    const end = (event) => {
      if (!begun) return;
      const to = at(event);
      const small = Math.abs(to[0] - begun.from[0]) < SMALLEST || Math.abs(to[1] - begun.from[1]) < SMALLEST;
      if (small || event.type === "pointercancel") for (const side of SIDES) field(begun.row, side).value = "";
      begun = null;
      show();
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
  }

  if (rows) {
    all().forEach(prepare);
    document.querySelectorAll("[data-drawing]").forEach(draw);
    show();
  }

  const button = document.querySelector("[data-cover-selection]");
  const wording = document.querySelector("[data-wording]");
  if (button && wording) {
    const selected = () => {
      const found = getSelection();
      return found && wording.contains(found.anchorNode) ? found.toString().trim() : "";
    };
    button.hidden = false;
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
    button.addEventListener("click", () => {
      const free = [...document.querySelectorAll("[data-words]")].find((each) => each.value === "");
      if (free && selected()) free.value = selected().slice(0, 500);
    });
  }
}
