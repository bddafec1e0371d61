// The sections about networks: the best ones, the map, the tree, the model's predictions, all of them, and how to repeat it.
// Those that break no bound come first.
const ranking = study => scored(study).slice().sort((a, b) => Boolean(a.out) - Boolean(b.out) || (better(study, a.v, b.v) ? -1 : better(study, b.v, a.v) ? 1 : a.at - b.at));

const best = study => {
  const top = ranking(study).slice(0, 6);
  if (!top.length) return [h('p', {}, 'No network has a score yet.')];
  return [h('div', { class: 'cards' }, top.map((e, i) => {
    const known = study.details[e.id] || fetched.get(e.id);
    const place = h('div', { class: 'drawing whole' });
    const draw = d => d && place.replaceChildren(small(drawing(d.drawing, `drawing of ${e.net}`), 310, 310));
    if (known) draw(known);
    else if (page.live) details(study, e.id).then(draw).catch(() => place.replaceChildren('The drawing could not be fetched.'));
    return h('article', { class: 'card' },
      h('div', {}, h('b', {}, `${i + 1}. ${e.text || figure(study, e.v)}`)),
      h('div', { class: 'soft' }, `#${e.id}, ${e.layers} layers${e.parameters != null ? `, ${grouped(e.parameters)} parameters` : ''}`),
      place,
      h('button', { type: 'button', 'data-key': `best-${e.id}`, click: () => openDetail(study, e.id) }, `Look at #${e.id}`));
  }))];
};

const map = study => {
  const m = study.map;
  if (!m) return [h('p', {}, study.mapless ? `The map could not be made: ${study.mapless}` : study.waiting ? 'The distances are being computed.' : 'A map needs three networks at least.')];
  const ends = range(study);
  const xs = m.points.map(p => p[1]), ys = m.points.map(p => p[2]);
  const [lowX, highX, lowY, highY] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const pad = 0.04 * Math.max(highX - lowX, highY - lowY);
  return [
    h('p', {}, `Each point is a network; the nearer two are, the smaller is the OTMANN distance between their architectures (classical multidimensional scaling). The plane holds ${Math.round(100 * m.share)} % of the distances; the rest lies in directions that it does not show.`,
      m.of > m.points.length && ` ${grouped(m.points.length)} of ${grouped(m.of)} networks stand here: the best, those that were the best of their time, the last, and every so many of the rest.`),
    chart({
      key: 'map', title: 'Map of networks', axes: false, left: 14,
      height: width => Math.max(240, Math.min(560, (width - 28) * Math.max(0.4, Math.min(0.8, (highY - lowY) / (highX - lowX || 1))) + 20)),
      x: { min: lowX - pad, max: highX + pad }, y: { min: lowY - pad, max: highY + pad },
      points: (X, Y) => m.points.map(([id, px, py]) => {
        const e = byId(study).get(id);
        const [x, y] = [X(px), Y(py)];
        return { x, y, id, say: e ? label(e) : `#${id}`, v: e && e.v, node: e && e.failure ? cross(x, y) : dot(x, y, e ? colour(ends, e.v) : 'var(--grey)', id === study.best) };
      }),
      open: p => openDetail(study, p.id),
      tell: tell(study),
    }),
    key([scored(study).length > 0 && [null, h('span', {}, `${study.score.title}: `, scale(study))], study.best != null && [s('circle', { class: 'point top', cx: 6, cy: 5, r: 4.2, fill: 'none' }), 'the best'], study.failed > 0 && [s('path', { class: 'cross', d: 'M5 1l8 8m0 -8l-8 8' }), 'failed'], study.evaluations_shown.some(e => !finite(e.v) && !e.failure) && [s('circle', { cx: 6, cy: 5, r: 4, fill: 'var(--grey)' }), 'no score yet']]),
    folded('map-table', 'The map as a table', () => table(['evaluation', study.score.title, 'x', 'y', 'network'], m.points.map(([id, x, y]) => {
      const e = byId(study).get(id);
      return [`#${id}`, e ? (finite(e.v) ? figure(study, e.v) : e.failure || e.state) : '', number(x), number(y), e ? e.net : ''];
    }))),
  ];
};

// Which network came of which: what is recorded, or else the nearest network before it on the map.
const parents = study => {
  const all = new Map();
  const near = new Map();
  if (study.map) study.map.points.slice(1).forEach(([id], i) => near.set(id, study.map.nearest[i]));
  for (const e of study.evaluations_shown) {
    if (e.parent != null && byId(study).has(e.parent)) all.set(e.id, [e.parent, true]);
    else if (near.has(e.id) && e.from !== 'initial pool' && e.from !== 'given') all.set(e.id, [near.get(e.id)[0], false]);
  }
  return all;
};
const tree = (study, redraw) => {
  const of = parents(study);
  if (!of.size) return [h('p', {}, study.evaluations ? 'No network came of another one yet.' : 'No evaluation is over yet.')];
  const kept = new Set();
  const keep = id => { for (let at = id; at != null && !kept.has(at); at = of.has(at) ? of.get(at)[0] : null) kept.add(at); };
  if (chosen.whole) study.evaluations_shown.slice(-1500).forEach(e => keep(e.id));
  else ranking(study).slice(0, 20).forEach(e => keep(e.id));
  const children = new Map();
  const roots = [];
  for (const id of [...kept].sort((a, b) => a - b)) {
    const parent = of.has(id) ? of.get(id)[0] : null;
    if (parent == null) roots.push(id);
    else children.set(parent, [...(children.get(parent) || []), id]);
  }
  // Depth first, without recursion: lines of descent may be long.
  const spot = new Map();
  let row = 0, deepest = 0;
  const stack = roots.map(id => [id, 0]).reverse();
  while (stack.length) {
    const [id, depth] = stack.pop();
    const below = children.get(id) || [];
    spot.set(id, [depth, row]);
    deepest = Math.max(deepest, depth);
    if (!below.length) row += 1;
    below.slice().reverse().forEach(child => stack.push([child, depth + 1]));
  }
  const ends = range(study);
  const guesses = [...kept].filter(id => of.has(id) && !of.get(id)[1]).length;
  const step = 21;
  return [
    h('p', {}, chosen.whole ? 'All networks that came of others.' : 'The twenty best networks and those that they came of.', ' From left to right: from parent to child.',
      guesses > 0 && ' The study records the parent of what evolution proposed. The model’s proposals are joined to the nearest network before them (dashed).'),
    h('div', { class: 'controls' }, h('label', {}, h('input', { type: 'checkbox', 'data-key': 'whole', checked: chosen.whole, change: event => { chosen.whole = event.target.checked; redraw(); } }), ' all of them')),
    h('div', { class: 'tall scroll', tabindex: 0, role: 'region', 'aria-label': 'tree' }, chart({
      key: 'tree', title: 'Tree of networks', axes: false, height: row * step + 24, left: 20,
      x: { min: 0, max: Math.max(3, deepest + 0.6) }, y: { min: 0, max: Math.max(1, row) },
      draw: (X, Y, size) => [...kept].filter(id => of.has(id) && spot.has(id)).map(id => {
        const [parent, isKnown] = of.get(id);
        const [a, b] = [spot.get(parent), spot.get(id)];
        if (!a) return null;
        const [x1, y1, x2, y2] = [X(a[0]), size.top + a[1] * step + 8, X(b[0]), size.top + b[1] * step + 8];
        return s('path', { class: isKnown ? 'edge' : 'edge guess', d: `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}` });
      }),
      points: (X, Y, size) => [...kept].filter(id => spot.has(id)).map(id => {
        const e = byId(study).get(id);
        const [depth, line] = spot.get(id);
        const [x, y] = [X(depth), size.top + line * step + 8];
        const mark = !e ? dot(x, y, 'var(--grey)') : e.failure ? cross(x, y) : dot(x, y, colour(ends, e.v), id === study.best);
        const isLeaf = !(children.get(id) || []).length;
        return { x, y, id, say: e ? label(e) : `#${id}`, node: s('g', {}, mark, isLeaf && s('text', { x: x + 9, y: y + 4 }, `#${id}`)) };
      }),
      open: p => openDetail(study, p.id),
      tell: tell(study),
    })),
    folded('tree-table', 'The tree as a table', () => table(['evaluation', study.score.title, 'came of', 'how that is known'], [...kept].filter(id => of.has(id)).sort((a, b) => a - b).map(id => {
      const e = byId(study).get(id);
      return [`#${id}`, e && finite(e.v) ? figure(study, e.v) : e ? e.failure || e.state : '', `#${of.get(id)[0]}`, of.get(id)[1] ? 'recorded' : 'the nearest before it'];
    }))),
  ];
};

const calibration = study => {
  const all = study.evaluations_shown.filter(e => e.expected && finite(e.v));
  if (!all.length) return [h('p', {}, 'The model has proposed no network that has a score yet: predictions are recorded with what the model proposes, not with initial or random networks.')];
  const inside = all.filter(e => Math.abs(e.v - e.expected[0]) <= 1.96 * e.expected[1]).length;
  const error = Math.sqrt(all.reduce((sum, e) => sum + (e.v - e.expected[0]) ** 2, 0) / all.length);
  const bias = all.reduce((sum, e) => sum + (e.v - e.expected[0]), 0) / all.length;
  const ends = range(study);
  const x = figureRange(study, all.map(e => e.expected[0]), []);
  const y = figureRange(study, all.map(e => e.v), []);
  const both = [Math.max(x.min, y.min), Math.min(x.max, y.max)];
  return [
    h('p', {}, `Of ${counted(all.length, 'prediction')}, ${Math.round(100 * inside / all.length)} % lie within 1.96 standard deviations of what came; 95 % would if the model knew its own uncertainty exactly. The root of the mean squared difference is ${spread(study, error)}, the mean difference (came less expected) ${bias < 0 ? '−' : '+'}${spread(study, Math.abs(bias))}.`),
    chart({
      key: 'calibration', title: 'What came beside what the model expected', height: width => width < 500 ? 260 : 340, left: 70,
      x: { ...x, label: `expected ${study.score.title}`, text: tick(study) },
      y: { ...y, text: tick(study) },
      draw: (X, Y, size) => [
        both[0] < both[1] && s('line', { class: 'baseline', x1: X(both[0]), y1: Y(both[0]), x2: X(both[1]), y2: Y(both[1]) }),
        all.map(e => {
          const [a, b] = [e.expected[0] - 1.96 * e.expected[1], e.expected[0] + 1.96 * e.expected[1]].map(v => Math.max(size.left, Math.min(size.width - size.right, X(v))));
          return s('line', { class: 'bar-error', x1: a, x2: b, y1: Y(e.v), y2: Y(e.v) });
        })],
      points: (X, Y) => all.map(e => ({
        x: X(e.expected[0]), y: Y(e.v), id: e.id, say: `${label(e)}, expected ${figure(study, e.expected[0])}`,
        more: `expected ${figure(study, e.expected[0])} ± ${spread(study, e.expected[1])}`,
        node: dot(X(e.expected[0]), Y(e.v), colour(ends, e.v), e.id === study.best),
      })),
      open: p => openDetail(study, p.id),
      tell: tell(study),
    }),
    key([[stroke('baseline'), 'came as expected'], [stroke('bar-error'), 'expected ± 1.96 standard deviations']]),
    folded('calibration-table', 'Predictions as a table', () => table(['evaluation', 'expected', 'standard deviation', 'came'], all.map(e => [`#${e.id}`, figure(study, e.expected[0]), spread(study, e.expected[1]), figure(study, e.v)]))),
  ];
};

const everything = (study, redraw) => {
  if (!study.evaluations_shown.length) return [h('p', {}, 'No evaluation has begun yet.')];
  const rest = study.evaluations_shown.filter(e => !finite(e.v));
  const orders = { best: ['best first', [...ranking(study), ...rest]], number: ['by number', study.evaluations_shown], last: ['latest first', [...study.evaluations_shown].reverse()], failed: ['failed only', study.evaluations_shown.filter(e => e.failure)], time: ['longest training first', [...study.evaluations_shown].sort((a, b) => (b.t || 0) - (a.t || 0))] };
  const list = orders[chosen.order][1];
  return [
    h('div', { class: 'controls' }, h('label', {}, 'order: ', h('select', { 'data-key': 'order', change: event => { chosen.order = event.target.value; redraw(); } }, Object.entries(orders).map(([value, [text]]) => h('option', { value, selected: value === chosen.order }, text)))),
      study.count > study.evaluations_shown.length && h('span', { class: 'soft' }, `${grouped(study.evaluations_shown.length)} of ${grouped(study.count)} evaluations are in this page.`)),
    h('div', { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': 'evaluations' }, h('table', { class: 'rows' },
      h('thead', {}, h('tr', {}, [['#', 1], [study.score.title, 1], ['layers', 1], ['parameters', 1], ['time', 1], ['from'], ['network']].map(([name, n]) => h('th', { scope: 'col', class: n ? 'number' : null }, name)))),
      h('tbody', {}, list.slice(0, chosen.rows).map(e => h('tr', {},
        h('td', { class: 'number' }, h('button', { type: 'button', class: 'link', 'data-key': `row-${e.id}`, click: () => openDetail(study, e.id) }, `#${e.id}`)),
        h('td', { class: 'number' }, finite(e.v) ? figure(study, e.v) : e.failure || e.state), h('td', { class: 'number' }, e.layers),
        h('td', { class: 'number' }, e.parameters != null ? grouped(e.parameters) : ''), h('td', { class: 'number' }, e.t ? seconds(e.t) : ''),
        h('td', { class: 'from' }, e.from), h('td', { class: 'net' }, e.net)))))),
    list.length > chosen.rows && h('p', {}, h('button', { type: 'button', 'data-key': 'more', click: () => { chosen.rows += 400; redraw(); } }, `Show more of ${grouped(list.length)}`)),
  ];
};

const repeat = study => [
  h('table', { class: 'plain' }, [['study', study.path], ['seed', study.seed], ['versions', study.versions.join(', ')], study.description_path && ['description', study.description_path], ['last event', date(study.last)]].filter(Boolean).map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, String(value))))),
  study.mended.length > 0 && [h('h3', {}, 'What was changed while it went on'), table(['after', 'key', 'before', 'now'], study.mended.flatMap(m => m.changes.map(c => [counted(m.evaluations, 'evaluation'), c.key, c.from ?? '', c.to ?? ''])))],
  study.description ? [h('p', {}, `Save this as a file FILE.toml; nasbot search FILE.toml --seed ${study.seed} begins the same search anew, and nasbot replay computes every suggestion of this one again.`), h('pre', { tabindex: 0, 'aria-label': 'description' }, study.description)] : h('p', {}, 'A program began this study, without a description.'),
];
