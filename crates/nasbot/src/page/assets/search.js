// The sections about the search: what it has found, how, where and what failed.
const AXES = { at: 'evaluations', sum: 'training time', end: 'time of the search' };
const axisText = axis => axis === 'at' ? number : seconds;
const finished = study => study.evaluations_shown.filter(e => e.at != null).sort((a, b) => a.at - b.at);
const scored = study => finished(study).filter(e => finite(e.v));

// The best so far of those that break no bound.
const leaders = study => {
  const steps = [];
  for (const e of scored(study)) if (!e.out && (!steps.length || better(study, e.v, steps[steps.length - 1].v))) steps.push(e);
  return steps;
};

const summary = study => {
  const share = study.budget ? study.evaluations / study.budget : 0;
  const tile = (text, name, more) => h('div', { class: 'tile' }, h('b', {}, text), h('span', {}, name), more);
  return [
    h('div', { class: 'tiles' },
      tile(study.best_text || 'no score yet', study.best == null ? 'best' : `best, #${study.best}`),
      tile(`${grouped(study.evaluations)} of ${grouped(study.budget)}`, 'evaluations', h('progress', { max: 1, value: share, 'aria-label': 'budget used' })),
      tile(grouped(study.failed), 'failed'),
      tile(seconds(study.seconds), 'time of the search'),
      tile(study.state, study.running ? 'now' : `since ${date(study.last)}`)),
    h('table', { class: 'plain' }, study.summary.map(([name, text]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, text)))),
    study.mended.length > 0 && h('p', { class: 'soft' }, 'The description was mended while the study went on; see “To repeat it”.'),
  ];
};

// A range that shows most figures well: the outliers beyond it stand at its border.
const figureRange = (study, values, extra) => {
  const sorted = [...values].sort((a, b) => a - b);
  if (!sorted.length) return { min: Math.min(...extra), max: Math.max(...extra) };
  const [low, high] = [sorted[0], sorted[sorted.length - 1]];
  const [q1, q3] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
  const reach = 3 * (q3 - q1 || Math.abs(q3) || 1);
  const min = study.score.minimise ? low : Math.max(low, q1 - reach);
  const max = study.score.minimise ? Math.min(high, q3 + reach) : high;
  const pad = 0.04 * (max - min || Math.abs(max) || 1);
  return { min: Math.min(min, ...extra) - pad, max: Math.max(max, ...extra) + pad };
};

// Of simple methods, those that leave the scores readable: the best, and others that are not far off.
const inReach = (study, values) => {
  const known = study.baselines.filter(([, v]) => finite(v)).sort((a, b) => better(study, a[1], b[1]) ? -1 : 1);
  const plain = figureRange(study, values, known.slice(0, 1).map(([, v]) => v));
  const reach = 0.8 * (plain.max - plain.min);
  const near = known.filter(([, v], i) => i === 0 || (v >= plain.min - reach && v <= plain.max + reach));
  return { near, far: known.filter(line => !near.includes(line)), range: figureRange(study, values, near.map(([, v]) => v)) };
};
const beyondText = (study, far) => far.length > 0 && h('p', { class: 'soft' }, `Beyond the border: ${far.map(([name, v]) => `${name} ${figure(study, v)}`).join(', ')}.`);
// Names of lines, a little apart.
const named = (study, lines, Y, size) => {
  let last = -Infinity;
  return lines.map(([name, v]) => [v, name]).sort((a, b) => Y(a[0]) - Y(b[0])).map(([v, name]) => {
    const y = Math.max(size.top + 10, Y(v) - 4, last + 13);
    last = y;
    return [
      s('line', { class: 'baseline', x1: size.left, x2: size.width - size.right, y1: Y(v), y2: Y(v) }),
      s('text', { class: 'strong halo', x: size.width - size.right - 4, y, 'text-anchor': 'end' }, `${name} ${figure(study, v)}`)];
  });
};

const progress = study => {
  const all = finished(study);
  const good = scored(study);
  if (!all.length) return [h('p', {}, 'No evaluation is over yet.')];
  const axis = chosen.axis;
  const steps = leaders(study);
  const last = Math.max(...all.map(e => e[axis] || 0));
  const course = [];
  steps.forEach((e, i) => {
    if (i) course.push([e[axis], steps[i - 1].v]);
    course.push([e[axis], e.v]);
  });
  if (steps.length) course.push([last, steps[steps.length - 1].v]);
  const { near, far, range: y } = inReach(study, good.map(e => e.v));
  const ends = range(study);
  const beyond = good.filter(e => e.v < y.min || e.v > y.max).length;
  const failed = all.filter(e => e.failure);
  return [
    chart({
      key: 'progress', title: `Scores against ${AXES[axis]}`, height: width => width < 500 ? 260 : 360,
      x: { label: axis === 'at' ? 'evaluations' : AXES[axis], min: 0, max: last, text: axisText(axis) },
      y: { ...y, text: tick(study) },
      left: 70,
      draw: (X, Y, size) => [
        named(study, near, Y, size),
        s('path', { class: 'best-line', d: path(course, X, Y) })],
      points: (X, Y, size) => all.map(e => {
        const [x, y] = [X(e[axis]), finite(e.v) ? Y(e.v) : size.height - size.bottom - 6];
        return { x, y, id: e.id, say: label(e), node: !finite(e.v) ? cross(x, y) : e.out ? hollow(x, y) : dot(x, y, colour(ends, e.v), e.id === study.best) };
      }).filter(p => finite(p.x)),
      open: p => openDetail(study, p.id),
      tell: tell(study),
    }),
    key([[stroke('best-line'), `best so far`], near.length > 0 && [stroke('baseline'), 'simple methods on the same rows'],
      good.some(e => e.out) && [hollow(9, 5), 'breaks a bound'], failed.length > 0 && [s('path', { class: 'cross', d: 'M5 1l8 8m0 -8l-8 8' }), 'failed'], good.length > 0 && [null, h('span', {}, `${study.score.title}: `, scale(study))]]),
    beyondText(study, far),
    beyond > 0 && h('p', { class: 'soft' }, `${counted(beyond, 'point')} beyond the border ${beyond === 1 ? 'stands' : 'stand'} on it.`),
    folded('progress-table', 'The best so far as a table', () => table(['evaluation', 'after', 'training time', study.score.title], steps.map(e => [`#${e.id}`, counted(e.at, 'evaluation'), seconds(e.sum), figure(study, e.v)]))),
  ];
};
const axisChoice = redraw => h('label', {}, 'against ', h('select', { 'data-key': 'axis', change: event => { chosen.axis = event.target.value; redraw(); } },
  Object.entries(AXES).map(([value, text]) => h('option', { value, selected: value === chosen.axis }, text))));

const PALETTE = ['#1b7fd4', '#d9731a', '#2a9d5c', '#b04fc4', '#c4403a', '#7a7f00', '#0097a7', '#8d6e63'];
const groups = studies => {
  const all = new Map();
  for (const study of studies) {
    const name = study.group + '\u0000' + study.score.title;
    all.set(name, [...(all.get(name) || []), study]);
  }
  return [...all.values()].map((members, i) => ({ members, colour: PALETTE[i % PALETTE.length], name: members.map(study => study.name).join(', ') }));
};
// Of a group, mean and standard error of the best so far at places that all its members have reached.
const means = (group, axis) => {
  const runs = group.members.map(study => ({ study, steps: leaders(study), last: Math.max(0, ...finished(study).map(e => e[axis] || 0)) })).filter(run => run.steps.length);
  if (!runs.length) return [];
  const until = Math.min(...runs.map(run => run.last));
  const from = Math.max(...runs.map(run => run.steps[0][axis] || 0));
  const count = axis === 'at' ? Math.min(200, Math.max(1, until - from + 1)) : 120;
  const places = Array.from({ length: count }, (_, i) => count === 1 ? until : from + (until - from) * i / (count - 1));
  return places.map(place => {
    const best = runs.map(run => run.steps.filter(e => e[axis] <= place + 1e-9).pop()).filter(Boolean).map(e => e.v);
    const mean = best.reduce((a, b) => a + b, 0) / best.length;
    const error = best.length > 1 ? Math.sqrt(best.reduce((a, b) => a + (b - mean) ** 2, 0) / (best.length - 1) / best.length) : 0;
    return [place, mean, error, best.length];
  }).filter(([, mean]) => finite(mean));
};
const comparison = studies => {
  const all = groups(studies);
  const axis = chosen.axis;
  const courses = all.map(group => means(group, axis));
  const points = courses.flat();
  const reference = studies[0];
  const isMixed = studies.some(study => study.score.title !== reference.score.title || study.score.minimise !== reference.score.minimise);
  const rows = all.map((group, i) => {
    const end = courses[i][courses[i].length - 1];
    const text = end ? `${figure(group.members[0], end[1])}${end[3] > 1 ? ` ± ${spread(group.members[0], end[2])}` : ''}` : 'no score yet';
    return [h('span', {}, s('svg', { width: 18, height: 10, 'aria-hidden': 'true' }, s('line', { x1: 0, x2: 16, y1: 5, y2: 5, stroke: group.colour, 'stroke-width': 3 })), ' ', group.name),
      group.members.length, text, end ? axisText(axis)(end[0]) : '', group.members.reduce((sum, study) => sum + study.failed, 0)];
  });
  const { near, far, range: y } = inReach(reference, points.flatMap(p => [p[1] - p[2], p[1] + p[2]]));
  return [
    h('p', {}, 'Studies whose descriptions differ in nothing but [study], such as the seed, are one group: its line is the mean of the best so far, its band the standard error of that mean.'),
    isMixed && h('p', {}, h('b', {}, 'These studies are scored by different metrics: their lines do not belong on one scale. ')),
    points.length ? chart({
      key: 'comparison', title: `Best so far of each group against ${AXES[axis]}`, height: 340, left: 70,
      x: { label: AXES[axis], min: Math.min(0, ...points.map(p => p[0])), max: Math.max(...points.map(p => p[0])), text: axisText(axis) },
      y: { ...y, text: tick(reference) },
      draw: (X, Y, size) => [
        named(reference, near, Y, size),
        all.map((group, i) => {
          const course = courses[i];
          const band = [...course.map(p => [p[0], p[1] + p[2]]), ...[...course].reverse().map(p => [p[0], p[1] - p[2]])];
          return [course.some(p => p[2] > 0) && s('path', { d: path(band, X, Y) + 'Z', fill: group.colour, opacity: 0.2 }),
            s('path', { d: path(course, X, Y), fill: 'none', stroke: group.colour, 'stroke-width': 2 })];
        })],
    }) : h('p', {}, 'No network has a score yet.'),
    points.length > 0 && beyondText(reference, far),
    table(['group', 'studies', 'best so far', 'at', 'failed'], rows),
  ];
};

const timeline = study => {
  if (!study.spans.length) return [h('p', {}, study.lanes.length ? 'Nothing ran here for a time that was recorded.' : 'Nothing has run yet.')];
  const until = Math.max(...study.spans.map(span => span[3]));
  const from = Math.min(...study.spans.map(span => span[2]));
  const ends = range(study);
  const lane = 26;
  const names = ['scored', 'failed', 'stopped before its end', 'running'];
  const longest = Math.max(...study.lanes.map(name => name.length));
  return [
    chart({
      key: 'timeline', title: 'What ran where', height: study.lanes.length * lane + 54, left: Math.min(130, 16 + 7 * longest),
      x: { label: 'time of the search', min: from, max: until, text: seconds },
      y: { min: 0, max: study.lanes.length, ticks: false },
      draw: (X, Y, size) => study.lanes.map((name, i) => [
        s('line', { class: 'axis', x1: size.left, x2: size.width - size.right, y1: size.top + i * lane, y2: size.top + i * lane }),
        s('text', { x: size.left - 6, y: size.top + i * lane + 17, 'text-anchor': 'end' }, name.length > 17 ? name.slice(0, 16) + '…' : name, s('title', {}, name))]),
      points: (X, Y, size) => study.spans.map(([i, id, a, b, end]) => {
        const [left, right, top] = [X(a), Math.max(X(a) + 1.5, X(b) - 0.5), size.top + i * lane + 4];
        const e = byId(study).get(id);
        const look = end === 0 && e ? { fill: e.failure ? 'var(--bad)' : colour(ends, e.v) } : { class: ['', 'span-failed', 'span-stopped', 'span-running'][end] };
        return { x: (left + right) / 2, y: top + 9, id, box: [left, right, top, top + 18], more: `${names[end]}, ${seconds(b - a)}, from ${seconds(a)}`, say: `${e ? label(e) : '#' + id}, ${study.lanes[i]}, ${names[end]}`, node: s('rect', { ...look, x: left, y: top, width: right - left, height: 18, rx: 2 }) };
      }),
      open: p => openDetail(study, p.id),
      tell: tell(study),
    }),
    key([scored(study).length > 0 && [null, h('span', {}, `${study.score.title}: `, scale(study))], [s('rect', { class: 'span-failed', width: 16, height: 9 }), 'failed'], [s('rect', { class: 'span-stopped', width: 16, height: 9 }), 'stopped before its end'], study.spans.some(span => span[4] === 3) && [s('rect', { class: 'span-running', width: 16, height: 9 }), 'running']]),
    study.spans_left_out > 0 && h('p', { class: 'soft' }, `The last ${grouped(study.spans.length)} stretches of time; ${grouped(study.spans_left_out)} before them are left out.`),
    folded('timeline-table', 'What ran where as a table', () => table(['where', 'evaluation', 'from', 'for', 'end'], study.spans.map(([i, id, a, b, end]) => [study.lanes[i], `#${id}`, seconds(a), seconds(b - a), names[end]]))),
  ];
};

const failures = study => {
  if (!study.failures.length) return [h('p', {}, study.evaluations ? 'None failed.' : 'No evaluation is over yet.')];
  const others = study.failed - study.failures.reduce((sum, [, count]) => sum + count, 0);
  return [h('div', { class: 'scroll' }, h('table', { class: 'rows' },
    h('thead', {}, h('tr', {}, ['cause', 'how many', 'share', 'for example'].map((name, i) => h('th', { scope: 'col', class: i === 1 || i === 2 ? 'number' : null }, name)))),
    h('tbody', {}, study.failures.map(([cause, count, id, message]) => h('tr', {},
      h('td', {}, cause), h('td', { class: 'number' }, grouped(count)), h('td', { class: 'number' }, `${Math.round(100 * count / Math.max(1, study.evaluations))} %`),
      h('td', {}, h('button', { type: 'button', class: 'link', 'data-key': `failure-${id}`, click: () => openDetail(study, id) }, `#${id}`), ' ', message)))))),
    others > 0 && h('p', { class: 'soft' }, `${grouped(others)} failed in other ways.`)];
};
