// Several objectives: every evaluation by two of them, with the Pareto front.
const front = (study, redraw) => {
  const { objectives, on } = study.front;
  const measured = study.evaluations_shown.filter(e => e.aims);
  if (!measured.length) return [h('p', {}, 'No network has all figures yet.')];
  const place = (axis, other) => chosen[axis] < objectives.length ? chosen[axis] : other;
  const [i, k] = [place('across', 1), place('up', 0)];
  const text = j => v => figure({ score: objectives[j] }, v);
  const isOn = new Set(on);
  const members = on.map(id => byId(study).get(id)).filter(Boolean);
  const axis = j => {
    const name = objectives[j];
    const values = measured.map(e => e.aims[j]);
    return { ...figureRange({ score: name }, values, members.map(e => e.aims[j])), text: tick({ score: name }), label: `${name.title} (${name.minimise ? 'less' : 'more'} is better)` };
  };
  const [x, y] = [axis(i), axis(k)];
  // With two objectives the front bounds an area: its corners are joined by steps.
  const corners = objectives.length === 2 ? [...members].sort((a, b) => a.aims[i] - b.aims[i]) : [];
  const steps = corners.flatMap((e, n) => {
    const before = corners[n - 1];
    if (!before) return [[e.aims[i], e.aims[k]]];
    const corner = objectives[i].minimise ? [e.aims[i], before.aims[k]] : [before.aims[i], e.aims[k]];
    return [corner, [e.aims[i], e.aims[k]]];
  });
  // A chart keeps what is drawn inside in its height alone.
  const across = v => Math.min(x.max, Math.max(x.min, v));
  const choice = (name, at, key) => h('label', {}, `${name} `, h('select', { 'data-key': key, change: event => { chosen[key] = Number(event.target.value); redraw(); } },
    objectives.map((o, j) => h('option', { value: j, selected: j === at }, o.title))));
  const beyond = measured.filter(e => e.aims[i] < x.min || e.aims[i] > x.max || e.aims[k] < y.min || e.aims[k] > y.max).length;
  const ends = range(study);
  const broken = measured.some(e => e.out);
  return [
    h('p', {}, `Of ${counted(measured.length, 'network')}, ${grouped(on.length)} ${on.length === 1 ? 'is' : 'are'} on the front: no other network that keeps to the bounds is at least as good in every objective and better in one.`),
    objectives.length > 2 && h('div', { class: 'controls' }, choice('across', i, 'across'), choice('up', k, 'up')),
    chart({
      key: 'front', title: `${objectives[k].title} against ${objectives[i].title}`, height: width => width < 500 ? 280 : 380, left: 70,
      x, y,
      draw: (X, Y, size) => [
        s('text', { class: 'strong halo', x: size.left + 4, y: size.top + 12 }, y.label),
        steps.length > 1 && s('path', { class: 'best-line', d: path(steps.map(p => [across(p[0]), p[1]]), X, Y) })],
      points: (X, Y) => measured.map(e => {
        const [px, py] = [X(across(e.aims[i])), Y(e.aims[k])];
        const node = e.out ? hollow(px, py) : dot(px, py, colour(ends, e.v), isOn.has(e.id));
        return { x: px, y: py, id: e.id, say: `#${e.id}, ${objectives.map((o, j) => `${o.title} ${text(j)(e.aims[j])}`).join(', ')}${isOn.has(e.id) ? ', on the front' : ''}`, node };
      }),
      open: p => openDetail(study, p.id),
      tell: p => {
        const e = byId(study).get(p.id);
        return [h('b', {}, `#${e.id}`), isOn.has(e.id) ? ' on the front' : e.out ? ' breaks a bound' : '', ...objectives.map((o, j) => h('div', {}, `${o.title}: ${text(j)(e.aims[j])}`)), h('div', {}, e.net)];
      },
    }),
    key([steps.length > 1 && [stroke('best-line'), 'the Pareto front'], [s('circle', { class: 'point top', cx: 9, cy: 5, r: 4.5, fill: shade(0.9) }), 'on the front'],
      broken && [hollow(9, 5), 'breaks a bound'], [null, h('span', {}, `${study.score.title}: `, scale(study))]]),
    beyond > 0 && h('p', { class: 'soft' }, `${counted(beyond, 'point')} beyond the border ${beyond === 1 ? 'stands' : 'stand'} on it.`),
    folded('front-table', 'The front as a table', () => table(['evaluation', ...objectives.map(o => o.title), 'network'],
      members.map(e => [h('button', { type: 'button', class: 'link', 'data-key': `front-${e.id}`, click: () => openDetail(study, e.id) }, `#${e.id}`), ...objectives.map((o, j) => text(j)(e.aims[j])), e.net]))),
  ];
};
