// A package that is being built: its page says how far it is, and is loaded with the files at the end.
"use strict";

const follow = (shown) => {
  const pause = Number(shown.dataset.everyS) * 1000;
  const ask = async () => {
    try {
      const answer = await fetch(location.href);
      if (answer.ok) {
        const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-progress]");
        if (!found || !found.dataset.everyS) {
          location.reload();
          return;
        }
        if (shown.textContent !== found.textContent) shown.replaceChildren(...found.childNodes);
      }
    } catch {
      // the server does not answer: the next question may be answered
    }
    setTimeout(ask, pause);
  };
  setTimeout(ask, pause);
};

for (const shown of document.querySelectorAll("[data-every-s]")) follow(shown);
