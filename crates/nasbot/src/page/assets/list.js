// Keeps the list of studies up to date: once something is new, the table is fetched anew.
'use strict';
(() => {
  let waiting = false;
  const refresh = async () => {
    if (waiting) return;
    waiting = true;
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const [fresh, old] = [page, document].map(p => p.getElementById('studies'));
      const at = [...old.querySelectorAll('a')].indexOf(document.activeElement);
      if (answer.ok && fresh && fresh.innerHTML !== old.innerHTML) {
        old.replaceWith(document.importNode(fresh, true));
        if (at >= 0) document.querySelectorAll('#studies a')[at]?.focus();
      }
    } catch {
      // The server has gone; the next event tells when it is back.
    }
    waiting = false;
  };
  const source = new EventSource(document.body.dataset.events);
  source.addEventListener('changed', refresh);
})();
