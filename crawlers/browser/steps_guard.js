// Runs beside a page, in a world of its own, while steps of the watch-list are done on it
// (crawlers/browser/page_steps.py). A step stays on its page: what a click would do besides the page's own scripts,
// follow a link or send a form, is not done, and `stopped` says where it would have led.
(() => {
  let guarding = true;
  let stopped = null;
  window.letapisSteps = {
    stopped() { const address = stopped; stopped = null; return address; },
    release() { guarding = false; },
  };
  const withoutFragment = address => address.split('#')[0];
  const leaves = address => /^https?:/i.test(address) &&
    !(address.includes('#') && withoutFragment(address) === withoutFragment(location.href));
  const stop = (event, address) => { event.preventDefault(); stopped = String(address).slice(0, 500); };
  window.addEventListener('click', event => {
    if (!guarding || event.defaultPrevented) return;
    const link = event.composedPath().find(each => each instanceof Element && each.matches('a[href], area[href]'));
    if (link && typeof link.href === 'string' && leaves(link.href)) stop(event, link.href);
  });
  window.addEventListener('submit', event => {
    const form = event.target;
    if (!guarding || event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method === 'dialog') return;
    stop(event, form.action);
  });
})();
