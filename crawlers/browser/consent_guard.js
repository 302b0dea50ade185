// Runs beside a page, in a world of its own, before autoconsent's script (crawlers/browser/consent.py). While a dialog
// is being rejected it sees every click first: one that falls outside of a dialog, leads to another page or says that
// it accepts does not reach the page. Each click is reported. Once the dialog is rejected, clicks are the page's own
// affair again. The words are those of buttons in English, German, French, Spanish, Italian, Polish, Russian,
// Belarusian and Ukrainian; whoever adds a language adds its buttons to the test.
(() => {
  let rejecting = false;
  const send = message => { letapisConsent(JSON.stringify(message)); return Promise.resolve(); };
  window.autoconsentSendMessage = message => {
    if (message.type === 'optOutResult') rejecting = false;
    return send(message);
  };
  window.letapisReject = () => { rejecting = true; };
  const accepts = new RegExp(
    '\\b(accept|agree|allow|consent|ok|okay|got it)\\b|akzept|zustimm|einverstanden|erlaub|zulass' +
    '|\\b(accepte[rz]?|acept|permit|accett|acconsent|consenti)|autoris|akceptuj|zgadzam|zezw' +
    '|прин(ять|имаю)|соглас|разреш|прыняць|прымаю|згод|дазвол|прийняти|приймаю|погодж|дозвол', 'i');
  const rejects = new RegExp(
    'reject|refuse|declin|deny|denied|disagree|do not|without|only|necessary|essential|object|save|ablehn|nur |ohne' +
    '|refus|sans |rechaz|sin |rifiut|senza|odrzu|bez |откл|отказ|только|адхіл|толькі|відхил|тільки', 'i');
  const parent = element => element.parentElement || element.getRootNode().host || null;
  const inDialog = element => {
    for (let each = element; each && each !== document.body && each !== document.documentElement;
      each = parent(each)) {
      if (each.tagName === 'DIALOG' || each.getAttribute('aria-modal') === 'true') return true;
      if (['dialog', 'alertdialog'].includes(each.getAttribute('role'))) return true;
      if (['fixed', 'sticky'].includes(getComputedStyle(each).position)) return true;
    }
    return false;
  };
  const reasonToStop = (button, text) => {
    const link = button.closest('a[href]');
    if (!inDialog(button)) return 'it is not part of a dialog';
    if (link && !/^(#|javascript:)/i.test(link.getAttribute('href'))) return 'it leads to another page';
    return accepts.test(text) && !rejects.test(text) ? 'it says that it accepts' : null;
  };
  window.addEventListener('click', event => {
    const target = event.composedPath()[0];
    if (!rejecting || !(target instanceof Element)) return;
    const button = target.closest('button, a, input, [role=button]') || target;
    const label = button.innerText || button.value || button.getAttribute('aria-label') || '';
    const text = label.trim().slice(0, 200);
    const stopped = reasonToStop(button, text);
    if (stopped) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    send({type: 'clicked', element: button.tagName.toLowerCase() + (button.id ? '#' + button.id : ''), text, stopped});
  }, true);
})();
