// Elements, numbers in words, colours. Text reaches the page by text nodes and attributes alone, never as HTML.
const page = JSON.parse(document.getElementById('data').textContent);
const SVG = 'http://www.w3.org/2000/svg';

const put = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value == null || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter(child => child != null && child !== false));
  return node;
};
const h = (tag, attributes, ...children) => put(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => put(document.createElementNS(SVG, tag), attributes, children);

const finite = x => typeof x === 'number' && Number.isFinite(x);
const grouped = n => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
const counted = (n, thing) => `${grouped(n)} ${thing}${n === 1 ? '' : 's'}`;

// Five significant digits, no exponent where none is needed.
const number = x => {
  if (!finite(x)) return '–';
  const size = Math.abs(x);
  if (x === 0 || (Number.isInteger(x) && size < 1e9)) return String(x);
  if (size < 1e-4 || size >= 1e9) return x.toExponential(3);
  const digits = Math.min(8, Math.max(0, 4 - Math.floor(Math.log10(size))));
  const text = x.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
};
const figure = (study, v) => !finite(v) ? '–' : study.score.percent ? `${(100 * v).toFixed(2)} %` : number(v);
const tick = study => v => study.score.percent ? `${Number((100 * v).toPrecision(4))} %` : number(v);
const spread = (study, v) => study.score.percent ? `${(100 * v).toPrecision(2)} %` : Number(v.toPrecision(2)).toString();
const seconds = t => {
  if (!finite(t)) return '–';
  if (t < 10) return `${Number(t.toPrecision(2))} s`;
  if (t < 90) return `${Math.round(t)} s`;
  if (t < 5400) return `${Number((t / 60).toPrecision(2))} min`;
  if (t < 172800) return `${Number((t / 3600).toPrecision(2))} h`;
  return `${Number((t / 86400).toPrecision(3))} d`;
};
const date = at => finite(at) && at > 0 ? new Date(1000 * at).toISOString().slice(0, 16).replace('T', ' ') + ' UTC' : '–';

const better = (study, a, b) => study.score.minimise ? a < b : a > b;
const quantile = (sorted, q) => sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] : NaN;

// From dark blue (worst) to yellow (best), which the colour-blind can tell apart too.
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const shade = share => {
  const at = Math.min(1, Math.max(0, share)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(at));
  const mix = STOPS[low].map((x, i) => Math.round(x + (at - low) * (STOPS[low + 1][i] - x)));
  return `rgb(${mix.join(',')})`;
};
// The figures at both ends of the colours, worst and best: the outermost twentieths share a colour.
const range = study => {
  const sorted = study.evaluations_shown.map(e => e.v).filter(finite).sort((a, b) => a - b);
  const [low, high] = [quantile(sorted, 0.05), quantile(sorted, 1)];
  return study.score.minimise ? [quantile(sorted, 0.95), quantile(sorted, 0)] : [low, high];
};
const colour = (ends, v) => !finite(v) ? 'var(--grey)' : shade(ends[0] === ends[1] ? 1 : (v - ends[0]) / (ends[1] - ends[0]));

const scale = study => {
  const [worst, best] = range(study);
  if (!finite(worst)) return null;
  const stops = [0, 0.25, 0.5, 0.75, 1];
  const bar = s('svg', { width: 90, height: 10, 'aria-hidden': 'true' },
    stops.slice(0, -1).map((_, i) => Array.from({ length: 6 }, (_, k) => {
      const at = (i * 6 + k) / 24;
      return s('rect', { x: at * 90, y: 0, width: 4, height: 10, fill: shade(at) });
    })));
  return h('span', { class: 'scale' }, figure(study, worst), bar, figure(study, best));
};

const byId = study => {
  if (!study.index) Object.defineProperty(study, 'index', { value: new Map(study.evaluations_shown.map(e => [e.id, e])) });
  return study.index;
};
const label = e => `#${e.id} ${e.text || e.failure || e.state}`;

// What of the page a reader has chosen; it outlives the arrival of new data.
const chosen = { study: 0, axis: 'at', across: 1, up: 0, whole: false, rows: 100, order: 'best', open: new Set() };

const table = (heading, rows, most = 500) => {
  const numeric = heading.map((_, i) => rows.length > 0 && rows.every(row => row[i] == null || /^[-–\d.,%± ]*$|^#\d+$|^[\d.e+-]+ (s|min|h|d)$/.test(String(row[i]))));
  const cell = (tag, value, i) => h(tag, { class: numeric[i] ? 'number' : null, scope: tag === 'th' ? 'col' : null }, value == null ? '' : value instanceof Node ? value : String(value));
  return h('div', { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': 'table' }, h('table', { class: 'rows' },
    h('thead', {}, h('tr', {}, heading.map((text, i) => cell('th', text, i)))),
    h('tbody', {}, rows.slice(0, most).map(row => h('tr', {}, row.map((value, i) => cell('td', value, i)))))),
  rows.length > most && h('p', { class: 'soft' }, `The first ${grouped(most)} of ${grouped(rows.length)} rows.`));
};
// Opens and closes, and stays as it is when the page is drawn anew; its content is made when it is opened.
const folded = (key, title, make) => {
  const node = h('details', { open: chosen.open.has(key) }, h('summary', { 'data-key': key }, title));
  const fill = () => {
    if (node.open && node.children.length === 1) node.append(make());
    node.open ? chosen.open.add(key) : chosen.open.delete(key);
  };
  node.addEventListener('toggle', fill);
  if (node.open) fill();
  return node;
};
