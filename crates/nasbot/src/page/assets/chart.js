// A chart: axes, whatever is drawn on them, and points that mouse, finger and keyboard reach.
const tip = h('div', { id: 'tip', hidden: true });
const spoken = h('div', { class: 'hidden', 'aria-live': 'polite' });

const showTip = (x, y, content) => {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 4))}px`;
  tip.style.top = `${y + 16 + box.height > innerHeight ? Math.max(4, y - box.height - 12) : y + 16}px`;
};
const hideTip = () => { tip.hidden = true; };

const ticks = (min, max, count) => {
  const rough = (max - min) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(m => m >= rough);
  const all = [];
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) all.push(Number((i * step).toPrecision(12)));
  return all;
};
// Times are marked at whole seconds, minutes, hours or days.
const timeUnit = max => [[345600, 86400, 'd'], [14400, 3600, 'h'], [240, 60, 'min']].find(([from]) => max >= from) || [0, 1, 's'];
const marks = (axis, min, max, count) => {
  if (axis.text !== seconds) return ticks(min, max, count).map(t => [t, (axis.text || number)(t)]);
  const [, unit, name] = timeUnit(max);
  return ticks(min / unit, max / unit, count).map(t => [t * unit, `${number(t)} ${name}`]);
};
const widened = (min, max) => {
  if (!finite(min) || !finite(max)) return [0, 1];
  if (min === max) return min === 0 ? [0, 1] : [min - Math.abs(min) * 0.05, max + Math.abs(max) * 0.05];
  return [min, max];
};

const sizes = new ResizeObserver(entries => {
  for (const { target } of entries) {
    if (target.clientWidth && target.clientWidth !== target.drawn) target.redraw();
  }
});

// o: key, title, x and y ({label, min, max, text}), height, draw(X, Y, size) → elements, points(X, Y) → [{x, y, id, node,
// say, box?}] in pixels, open(point), tell(point) → what the tip shows, axes: false for none.
const chart = o => {
  const figureNode = h('figure', { class: 'chart' });
  figureNode.redraw = () => {
    const width = figureNode.clientWidth;
    figureNode.drawn = width;
    const size = { width, height: typeof o.height === 'function' ? o.height(width) : o.height || 300, left: o.left ?? 58, right: 22, top: 10, bottom: o.axes === false ? 10 : 40 };
    const inner = [size.width - size.left - size.right, size.height - size.top - size.bottom];
    const [x0, x1] = widened(o.x.min, o.x.max);
    const [y0, y1] = widened(o.y.min, o.y.max);
    const X = x => size.left + (x - x0) / (x1 - x0) * inner[0];
    const Y = y => size.top + inner[1] - (Math.min(y1, Math.max(y0, y)) - y0) / (y1 - y0) * inner[1];
    const axes = o.axes === false ? [] : [
      marks(o.x, x0, x1, inner[0] / 90).map(([t, text]) => [
        s('line', { class: 'axis', x1: X(t), x2: X(t), y1: size.top, y2: size.top + inner[1] }),
        s('text', { x: X(t), y: size.height - 22, 'text-anchor': 'middle' }, text)]),
      o.y.ticks === false ? [] : marks(o.y, y0, y1, inner[1] / 45).map(([t, text]) => [
        s('line', { class: 'axis', x1: size.left, x2: size.width - size.right, y1: Y(t), y2: Y(t) }),
        s('text', { x: size.left - 6, y: Y(t) + 4, 'text-anchor': 'end' }, text)]),
      s('text', { class: 'strong', x: size.left + inner[0] / 2, y: size.height - 5, 'text-anchor': 'middle' }, o.x.label || ''),
    ];
    const points = (o.points ? o.points(X, Y, size) : []).filter(p => finite(p.x) && finite(p.y));
    const ring = s('circle', { class: 'ring', r: 8, visibility: 'hidden' });
    const group = s('g', points.length ? { class: 'points', tabindex: 0, role: 'application', 'data-key': o.key, 'aria-label': `${o.title}: ${counted(points.length, 'point')}. Arrow keys move, Enter opens.` } : {}, points.map(p => p.node));
    const svg = s('svg', { width: size.width, height: size.height, viewBox: `0 0 ${size.width} ${size.height}`, role: 'group', 'aria-label': o.title }, axes, o.draw ? o.draw(X, Y, size) : [], group, ring);
    let at = -1;
    const select = (place, client) => {
      at = place;
      const p = points[at];
      ring.setAttribute('visibility', p ? 'visible' : 'hidden');
      svg.style.cursor = p ? 'pointer' : '';
      if (!p) return hideTip();
      ring.setAttribute('cx', p.x);
      ring.setAttribute('cy', p.y);
      const box = svg.getBoundingClientRect();
      showTip(client ? client[0] : box.left + p.x, client ? client[1] : box.top + p.y, o.tell(p));
      figureNode.dataset.at = p.id;
    };
    const near = event => {
      const box = svg.getBoundingClientRect();
      const [px, py] = [event.clientX - box.left, event.clientY - box.top];
      let best = -1, least = 18 * 18;
      points.forEach((p, i) => {
        const inside = p.box && px >= p.box[0] - 1 && px <= p.box[1] + 1 && py >= p.box[2] && py <= p.box[3];
        const far = inside ? 0 : p.box ? Infinity : (p.x - px) ** 2 + (p.y - py) ** 2;
        if (far < least) [best, least] = [i, far];
      });
      return best;
    };
    const client = event => [event.clientX, event.clientY];
    svg.addEventListener('pointermove', event => select(near(event), client(event)));
    svg.addEventListener('pointerleave', () => select(-1));
    svg.addEventListener('click', event => {
      const place = near(event);
      if (place >= 0) { hideTip(); o.open(points[place]); }
    });
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    group.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        hideTip();
        if (points[at]) o.open(points[at]);
      } else if (event.key === 'Escape') {
        select(-1);
      } else if (event.key in steps) {
        event.preventDefault();
        select(Math.max(0, Math.min(points.length - 1, at + steps[event.key])));
        spoken.textContent = points[at].say;
      }
    });
    group.addEventListener('focus', () => {
      // A click focuses too, and has its own point.
      if (!group.matches(':focus-visible')) return;
      const known = points.findIndex(p => String(p.id) === figureNode.dataset.at);
      select(known >= 0 ? known : 0);
      spoken.textContent = points[at].say;
    });
    group.addEventListener('blur', () => select(-1));
    figureNode.replaceChildren(svg);
  };
  sizes.observe(figureNode);
  return figureNode;
};

const dot = (x, y, fill, isTop) => s('circle', { class: isTop ? 'point top' : 'point', cx: x, cy: y, r: isTop ? 5.5 : 4, fill });
const hollow = (x, y) => s('circle', { class: 'point out', cx: x, cy: y, r: 3.5, fill: 'none' });
const cross = (x, y) => s('path', { class: 'cross', d: `M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7` });
const path = (points, X, Y) => points.map(([x, y], i) => `${i ? 'L' : 'M'}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join('');
const key = entries => h('ul', { class: 'key' }, entries.filter(Boolean).map(([mark, text]) => h('li', {}, mark && s('svg', { width: 18, height: 10, 'aria-hidden': 'true' }, mark), text)));
const stroke = name => s('line', { class: name, x1: 0, x2: 18, y1: 5, y2: 5 });
