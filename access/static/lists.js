// Keys on lists: `/` to the search field, `j` and `k` to the next and previous row, `Enter` opens it, `?` shows the
// keys. A list is any element with data-rows; its rows have data-row. Letters typed into a field stay letters.
const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.getClientRects().length);
const current = () => document.querySelector('[data-row][aria-current="true"]');

function choose(row) {
  current()?.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  const link = row.querySelector("a[data-open]") ?? row.querySelector("a[href]");
  link?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const place = all.indexOf(current());
  const next = place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step;
  if (all[next]) choose(all[next]);
  return true;
}

function toSearch() {
  const field = document.querySelector("[data-search]") ?? document.querySelector('main input[type="search"], main input[name="url"]');
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function showKeys() {
  const dialog = document.getElementById("keys");
  if (!dialog) return false;
  if (dialog.open) dialog.close();
  else dialog.showModal();
  return true;
}

const KEYS = { j: () => move(1), k: () => move(-1), "/": toSearch, "?": showKeys };

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing && typing.type !== "checkbox" && typing.type !== "radio") {
    if (event.key === "Escape") typing.blur();
    return;
  }
  if (KEYS[event.key]?.()) event.preventDefault();
});
