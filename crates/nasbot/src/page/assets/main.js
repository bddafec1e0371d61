// Puts the page together, and keeps it up to date where a server feeds it.
const SECTIONS = [
  ['summary', 'Summary', summary],
  ['best', 'Best networks', best],
  ['front', 'Pareto front', front],
  ['progress', 'Scores', progress],
  ['timeline', 'What ran where', timeline],
  ['failures', 'Failures', failures],
  ['map', 'Map of networks', map],
  ['tree', 'Tree of networks', tree],
  ['calibration', 'Predictions', calibration],
  ['evaluations', 'Evaluations', everything],
  ['repeat', 'To repeat it', repeat],
];
const main = document.getElementById('main');
const badge = h('span', { class: 'badge', role: 'status' });

// A section that cannot be drawn says so, and costs no other one.
const guarded = (make, ...given) => {
  try {
    return make(...given);
  } catch (error) {
    console.error(error);
    return [h('p', {}, `This part could not be drawn: ${error.message}`)];
  }
};

const render = () => {
  const focus = document.activeElement && document.activeElement.dataset.key;
  const scrolls = [...main.querySelectorAll('.tall')].map(node => [node.scrollTop, node.scrollLeft]);
  const marks = new Map([...main.querySelectorAll('.chart')].filter(node => node.dataset.at).map(node => [node.querySelector('.points')?.dataset.key, node.dataset.at]));
  const top = scrollY;
  hideTip();
  main.replaceChildren();
  const { studies } = page;
  const study = studies[chosen.study] || studies[0];
  if (!study) {
    main.append(h('h1', {}, 'No study'), h('p', {}, 'This page was made of no study.'));
    return;
  }
  const isSeveral = studies.length > 1;
  const sections = [...(isSeveral ? [['comparison', 'Comparison', () => comparison(studies)]] : []), ...SECTIONS.filter(([id]) => id !== 'front' || study.front)];
  const isLive = Boolean(page.live);
  const section = ([id, title, make], i) => h('section', { id, 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, isSeveral && id !== 'comparison' ? `${title}: ${study.name}` : title),
    id === 'comparison' || (id === 'progress' && !isSeveral) ? h('div', { class: 'controls' }, axisChoice(render)) : null,
    guarded(make, study, render));
  const drawn = sections.map(section);
  if (isSeveral) {
    const choice = h('div', { class: 'controls' }, h('label', {}, 'One study: ', h('select', { 'data-key': 'study', change: event => { chosen.study = Number(event.target.value); render(); } },
      studies.map((one, i) => h('option', { value: i, selected: one === study }, one.name)))));
    drawn.splice(1, 0, choice);
  }
  main.append(
    h('h1', {}, isSeveral ? `${studies.length} studies` : study.name),
    h('p', { class: 'soft' }, page.live && page.live.list && [h('a', { href: page.live.list }, 'all studies'), ' · '], isLive ? [badge, ' '] : `written ${date(page.written)} by `, `nasbot ${page.version}`),
    h('nav', { 'aria-label': 'sections' }, sections.map(([id, title]) => h('a', { href: `#${id}` }, title))),
    ...drawn);
  // Sizes are known now: charts are drawn at once, not a frame later.
  main.querySelectorAll('.chart').forEach(node => node.clientWidth && node.redraw());
  main.querySelectorAll('.tall').forEach((node, i) => { if (scrolls[i]) [node.scrollTop, node.scrollLeft] = scrolls[i]; });
  main.querySelectorAll('.points').forEach(node => { const at = marks.get(node.dataset.key); if (at) node.closest('.chart').dataset.at = at; });
  if (focus) main.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  if (top) scrollTo(0, top);
};

const say = (text, state) => {
  badge.textContent = text;
  badge.className = `badge ${state}`;
};

const live = () => {
  let isBusy = false, isDue = false, mapped = -1, last = 0;
  const fetchMap = async () => {
    const study = page.studies[0];
    // New networks move a large map little.
    if (study.count < 3 || (mapped >= 0 && study.count - mapped < Math.max(1, mapped / 20))) return;
    mapped = study.count;
    const answer = await fetch(page.live.map);
    if (!answer.ok) return;
    page.studies[0].map = await answer.json();
    delete page.studies[0].waiting;
    render();
  };
  const refresh = async () => {
    if (isBusy) { isDue = true; return; }
    isBusy = true;
    const wait = last + 2000 - Date.now();
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
    isDue = false;
    try {
      const answer = await fetch(page.live.data);
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = await answer.json();
      // Another study may stand there now, or an evaluation may run once more.
      if (fresh.count < page.studies[0].count || fresh.failed < page.studies[0].failed) fetched.clear();
      fresh.map = page.studies[0].map;
      fresh.waiting = !fresh.map;
      page.studies[0] = fresh;
      say(fresh.running ? 'live: searching' : 'live', 'on');
      render();
      await fetchMap();
    } catch (error) {
      say('what is new could not be fetched', 'off');
    }
    last = Date.now();
    isBusy = false;
    if (isDue) refresh();
  };
  const source = new EventSource(page.live.events);
  source.addEventListener('open', () => say(page.studies[0].running ? 'live: searching' : 'live', 'on'));
  source.addEventListener('changed', refresh);
  source.addEventListener('error', () => say('the server does not answer; trying again', 'off'));
  page.studies[0].waiting = !page.studies[0].map;
  fetchMap().catch(() => { mapped = -1; });
};

document.body.append(tip, spoken, dialog);
render();
if (page.live) live();
