// Writes the reader's own time into each <time>, with UTC beside it. The server has written UTC; without script, or
// where the reader's zone is UTC, that stands. Both name their zone. data-age adds how long ago it was.
const language = document.documentElement.lang || undefined;
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const UNITS = [
  ["year", 31556952], ["month", 2629746], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60],
];

const two = (number) => String(number).padStart(2, "0");

function zoneOf(at) {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  const rest = size % 60 ? `:${two(size % 60)}` : "";
  return `UTC${minutes < 0 ? "\u2212" : "+"}${Math.floor(size / 60)}${rest}`;
}

function localText(at, withSeconds) {
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const minute = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return `${day} ${minute}${withSeconds ? `:${two(at.getSeconds())}` : ""} ${zoneOf(at)}`;
}

function ageText(at) {
  const seconds = (at - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
  return relative.format(Math.trunc(seconds / size), unit);
}

function span(className, text) {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}

for (const element of document.querySelectorAll("time[datetime]")) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  if (at.getTimezoneOffset() !== 0) {
    const written = element.textContent;
    const local = localText(at, /:\d\d:\d\d/.test(written));
    const sameDay = local.slice(0, 10) === written.slice(0, 10);
    const utc = span("utc-beside", `(${sameDay ? written.slice(11) : written})`);
    utc.title = written;
    element.replaceChildren(span("local", local), " ", utc);
  }
  if ("age" in element.dataset) {
    element.append(" ", span("age", `· ${ageText(at)}`));
  }
}
