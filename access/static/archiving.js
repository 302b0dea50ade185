// Archiving a page: follows the work on requests, fills the form from a bookmarklet, says what there is of an address.
"use strict";

// Ask for the states again and again, more slowly the longer it takes; at the end the page is loaded with the receipt.
const followWork = (box) => {
  const words = new Map();
  for (const each of box.querySelector("template[data-words]").content.children) {
    words.set(each.dataset.state, { text: each.textContent.trim(), tone: each.dataset.tone.trim() });
  }
  const cells = document.querySelectorAll("[data-address]");
  const bar = box.querySelector("progress");
  const summary = box.querySelector("[data-summary]");
  const silent = box.querySelector("[data-silent]");
  let pause = 1000;
  const show = (found) => {
    silent.hidden = found.scheduler !== "silent";
    const counts = [...words].filter(([state]) => found.counts[state]);
    const sentence = counts.map(([state, word]) => `${found.counts[state]} ${word.text}`).join(", ");
    if (summary.textContent !== sentence) summary.textContent = sentence;
    bar.value = ["done", "failed", "broken"].reduce((sum, state) => sum + (found.counts[state] || 0), 0);
    found.states.forEach((state, number) => {
      const tag = cells[number] && cells[number].querySelector(".tag");
      if (!tag || tag.textContent === words.get(state).text) return;
      tag.textContent = words.get(state).text;
      tag.className = `tag ${words.get(state).tone}`;
    });
  };
  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.states, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const found = await answer.json();
        show(found);
        if (found.ended) {
          location.reload();
          return;
        }
      }
    } catch {
      // the server does not answer: the next question may be answered
    }
    pause = Math.min(pause * 1.2, 10000);
    setTimeout(ask, pause);
  };
  setTimeout(ask, pause);
};

// An address in the fragment, which a bookmarklet puts there and no server sees, goes into the form.
const fillFromFragment = (form) => {
  if (location.hash.length < 2) return;
  let address = "";
  try {
    address = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;
  }
  history.replaceState(null, "", location.pathname + location.search);
  if (!/^https?:\/\//i.test(address) || address.length > 8000) return;
  const check = document.createElement("form");
  check.method = "post";
  check.action = form.action.replace(/\/archive$/, "/archive/check");
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "url";
  field.value = address;
  check.append(field);
  document.body.append(check);
  check.submit();
};

for (const box of document.querySelectorAll("[data-states]:not([data-ended])")) followWork(box);
const form = document.querySelector("form.archive-form");
if (form) fillFromFragment(form);
