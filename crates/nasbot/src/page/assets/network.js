// Drawings of networks from the numbers that nn-graph lays them out by, and what a point shows of its evaluation.
const BOX = 24;
const drawing = (d, title) => {
  if (!d) return h('p', { class: 'soft' }, 'This network is not drawn here; nasbot draw does.');
  const [margin, width] = [10, Math.max(d.size[0], 60)];
  const left = margin + (width - d.size[0]) / 2;
  const at = i => [d.boxes[i][0] + left, d.boxes[i][1] + margin];
  const wires = d.edges.map(([from, to, ...passed]) => {
    let [x, y] = at(from);
    y += BOX / 2;
    let course = `M${x} ${y}`;
    const end = at(to);
    const stops = [];
    for (let i = 0; i < passed.length; i += 2) stops.push([passed[i] + left, passed[i + 1] + margin]);
    stops.push([end[0], end[1] - BOX / 2 - 5]);
    for (const [nx, ny] of stops) {
      const middle = (y + ny) / 2;
      course += `C${x} ${middle} ${nx} ${middle} ${nx} ${ny}`;
      [x, y] = [nx, ny];
    }
    const tipOf = `M${end[0] - 3.5} ${end[1] - BOX / 2 - 6}h7l-3.5 6z`;
    return [s('path', { class: 'wire', d: course }), s('path', { class: 'tip', d: tipOf })];
  });
  const boxes = d.boxes.map(([x, y, w, text, fill]) => [
    s('rect', { x: x + left - w / 2, y: y + margin - BOX / 2, width: w, height: BOX, rx: 5, fill, stroke: '#555', 'stroke-opacity': 0.5 }),
    s('text', { x: x + left, y: y + margin + 4, 'text-anchor': 'middle' }, text)]);
  const size = [width + 2 * margin, d.size[1] + 2 * margin];
  return s('svg', { width: size[0], height: size[1], viewBox: `0 0 ${size[0]} ${size[1]}`, role: 'img', 'aria-label': title }, wires, boxes);
};

// Details are in the page, or a server has them.
const fetched = new Map();
const details = async (study, id) => {
  const known = study.details[id] || fetched.get(id);
  if (known || !page.live) return known || null;
  const answer = await fetch(page.live.evaluation.replace('{}', id));
  if (!answer.ok) throw new Error(`the server says ${answer.status}`);
  const detail = await answer.json();
  // What is over does not change any more.
  const e = byId(study).get(id);
  if (e && e.at != null) fetched.set(id, detail);
  return detail;
};

const tell = study => point => {
  const e = byId(study).get(point.id);
  if (!e) return [h('p', {}, `#${point.id}`)];
  const known = study.details[point.id] || fetched.get(point.id);
  return [
    h('p', {}, h('b', {}, label(e))),
    h('p', {}, e.net),
    h('p', { class: 'soft' }, `${e.layers} layers, from: ${e.from}`),
    point.more && h('p', { class: 'soft' }, point.more),
    known && known.drawing && innerHeight > 500 && h('div', { class: 'drawing whole' }, small(drawing(known.drawing, ''))),
  ].filter(Boolean);
};
const small = (svg, width = 300, height = 230) => {
  if (svg.tagName !== 'svg') return svg;
  const share = Math.min(1, height / svg.getAttribute('height'), width / svg.getAttribute('width'));
  for (const side of ['width', 'height']) svg.setAttribute(side, svg.getAttribute(side) * share);
  return svg;
};

// A wide drawing is scrolled rather than made too small to read.
const legible = svg => {
  if (svg.tagName === 'svg') svg.style.minWidth = `${Math.round(0.7 * svg.getAttribute('width'))}px`;
  return svg;
};

const dialog = h('dialog', { 'aria-labelledby': 'detail-title' });
let asked = 0;
const closeDetail = () => dialog.close();
dialog.addEventListener('click', event => { if (event.target === dialog) closeDetail(); });

const openDetail = async (study, id) => {
  const e = byId(study).get(id);
  const mine = ++asked;
  const show = content => {
    dialog.replaceChildren(h('div', { class: 'detail' }, content));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  };
  const ids = study.evaluations_shown.map(e => e.id);
  const place = ids.indexOf(id);
  const go = (name, to) => h('button', { type: 'button', disabled: to == null, click: () => to != null && openDetail(study, to) }, name);
  const head = h('div', { class: 'detail-head' },
    h('h2', { id: 'detail-title' }, e ? label(e) : `#${id}`),
    h('div', { class: 'controls' }, go('← earlier', ids[place - 1]), go('later →', place < 0 ? null : ids[place + 1]),
      h('button', { type: 'button', autofocus: true, click: closeDetail }, 'Close')));
  if (!e) return show([head, h('p', {}, 'This evaluation is not in the page, which shows a part of a large study. nasbot show has it.')]);
  let detail = null, problem = null;
  try { detail = await details(study, id); } catch (error) { problem = String(error.message || error); }
  if (mine !== asked) return;
  const parent = e.parent != null && h('button', { type: 'button', class: 'link', click: () => openDetail(study, e.parent) }, `#${e.parent}`);
  const facts = [
    ['state', e.failure ? `${e.state}: ${e.failure}` : e.state],
    ['network', e.net],
    ['layers', e.layers],
    e.parameters != null && ['parameters', grouped(e.parameters)],
    ['from', parent ? h('span', {}, 'mutation of ', parent) : e.from],
    e.expected && finite(e.v) && ['came beside expected', `${figure(study, e.v)} beside ${figure(study, e.expected[0])} ± ${spread(study, e.expected[1])}`],
    e.t != null && e.t > 0 && ['training', seconds(e.t)],
    e.rungs && e.rungs.length > 0 && ['rungs', e.rungs.map(([epochs, v]) => `${figure(study, v)} after ${counted(epochs, 'epoch')}`).join(', ')],
    detail && ['seed', detail.seed],
  ].filter(Boolean);
  show([head, problem && h('p', {}, `Details could not be fetched: ${problem}`), h('div', { class: 'columns' },
    h('div', {}, h('h3', {}, 'Drawing'), h('div', { class: 'drawing', tabindex: 0, role: 'region', 'aria-label': 'drawing' }, detail ? legible(drawing(detail.drawing, `drawing of ${e.net}`)) : h('p', { class: 'soft' }, 'In large studies the page has drawings of a part of the evaluations. nasbot draw has them all.'))),
    h('div', {},
      h('table', { class: 'plain' }, facts.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value instanceof Node ? value : String(value))))),
      detail && detail.message && [h('h3', {}, 'Why it failed'), h('pre', {}, detail.message)],
      detail && curve(study, detail.curve || []),
      detail && detail.figures && detail.figures.length > 0 && folded('figures', 'Figures', () => table(['figure', 'value'], detail.figures.map(([name, x]) => [name, number(x)]))),
      detail && detail.log && [h('h3', {}, 'The end of its log'), h('pre', { tabindex: 0 }, detail.log)]))]);
};

const curve = (study, epochs) => {
  if (!epochs.length) return h('p', { class: 'soft' }, 'No epoch of its training was reported.');
  const scored = epochs.filter(e => finite(e[2]));
  const losses = epochs.filter(e => finite(e[1])).map(e => e[1]);
  const figures = scored.map(e => e[2]);
  const [lowest, highest] = [Math.min(...losses), Math.max(...losses)];
  const y = figures.length ? { min: Math.min(...figures), max: Math.max(...figures) } : { min: lowest, max: highest };
  const inFigures = loss => figures.length ? y.min + (loss - lowest) / (highest - lowest || 1) * ((y.max - y.min) || 1) : loss;
  return [h('h3', {}, 'Training'),
    chart({
      key: 'curve', title: 'Training curve', height: 200,
      x: { label: 'epochs', min: Math.min(0, epochs[0][0]), max: epochs[epochs.length - 1][0] },
      y: { ...y, text: figures.length ? tick(study) : number },
      draw: (X, Y) => [
        s('path', { class: 'loss-line', d: path(epochs.filter(e => finite(e[1])).map(e => [e[0], inFigures(e[1])]), X, Y) }),
        s('path', { class: 'best-line', d: path(scored.map(e => [e[0], e[2]]), X, Y) }),
        scored.length === 1 && dot(X(scored[0][0]), Y(scored[0][2]), 'var(--accent)')],
    }),
    key([figures.length > 0 && [stroke('best-line'), `${study.score.title} in validation`], losses.length > 0 && [stroke('loss-line'), `training loss, ${number(highest)} to ${number(lowest)}${figures.length ? ', on a scale of its own' : ''}`]]),
    folded('curve-table', 'Training as a table', () => table(['epochs', 'training loss', study.score.title], epochs.map(e => [e[0], number(e[1]), finite(e[2]) ? figure(study, e[2]) : ''])))];
};
