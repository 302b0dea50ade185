// Whether this browser can be kept from every host but this one. The first page asks the archive's own host, which
// must arrive; the second asks the same under a policy that forbids it, and the question must fail.
"use strict";
(async () => {
  const page = document.documentElement.dataset;
  let arrived = true;
  try {
    await fetch(page.probe, { mode: "no-cors", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
  } catch {
    arrived = false;
  }
  if (arrived === (page.expected === "arrives")) {
    location.replace(page.next);
  } else {
    document.getElementById("failed").hidden = false;
  }
})();
