// Dragging over the histogram chooses its first and last day, and asks for what lies between. The fields for dates
// do the same without a pointer; a bar is a link as it stands.
const drawing = document.querySelector("svg[data-dates]");
const form = document.getElementById("search");
const LEAST_PX = 6;

function dayOf(unit, first, slot, end) {
  const [year, month, day] = first.split("-").map(Number);
  const step = end ? slot + 1 : slot;
  const at = new Date(0);
  if (unit === "year") at.setUTCFullYear(year + step, 0, 1);
  else if (unit === "month") at.setUTCFullYear(year, month - 1 + step, 1);
  else at.setUTCFullYear(year, month - 1, day + step);
  if (end) at.setUTCDate(at.getUTCDate() - 1);
  return at.toISOString().slice(0, 10);
}

if (drawing && form) {
  const { unit, first } = drawing.dataset;
  const slots = Number(drawing.dataset.slots);
  const width = Number(drawing.dataset.width);
  const said = document.querySelector("[data-dates-chosen]");
  let from = null;
  let range = null;

  const placeOf = (event) => {
    const box = drawing.getBoundingClientRect();
    return Math.min(0.999999, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const chosen = (event) => {
    const places = [from.place, placeOf(event)].map((place) => Math.floor(place * slots)).sort((a, b) => a - b);
    return { places, since: dayOf(unit, first, places[0], false), until: dayOf(unit, first, places[1], true) };
  };
  const end = () => {
    range?.remove();
    from = range = null;
  };

  drawing.parentElement.classList.add("draggable");
  drawing.addEventListener("dragstart", (event) => event.preventDefault());
  drawing.addEventListener("pointerdown", (event) => {
    if (event.button === 0) from = { x: event.clientX, place: placeOf(event) };
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!from || (!range && Math.abs(event.clientX - from.x) < LEAST_PX)) return;
    if (!range) {
      drawing.setPointerCapture(event.pointerId);
      range = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      range.setAttribute("class", "range");
      range.setAttribute("y", "16");
      range.setAttribute("height", String(drawing.viewBox.baseVal.height - 36));
      drawing.append(range);
    }
    const { places, since, until } = chosen(event);
    range.setAttribute("x", String((places[0] * width) / slots));
    range.setAttribute("width", String(((places[1] - places[0] + 1) * width) / slots));
    if (said) said.textContent = `${since} – ${until}`;
  });
  drawing.addEventListener("pointerup", (event) => {
    if (from && range) {
      const { since, until } = chosen(event);
      form.elements.since.value = since;
      form.elements.until.value = until;
      drawing.addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
      form.requestSubmit();
    }
    end();
  });
  drawing.addEventListener("pointercancel", end);
}

// Fields that are left empty stay out of the address, so that it can be shared.
form?.addEventListener("formdata", (event) => {
  for (const name of ["q", "since", "until"]) {
    if (!event.formData.get(name)) event.formData.delete(name);
  }
});
