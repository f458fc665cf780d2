/* Draws a chart from the JSON beside it; charts.h says what that holds. */

// ---- One chart ----

function flatten(spec) {
  const list = [];
  for (const table of spec.tables || []) {
    for (const series of table.series) {
      if (table.lengths && !series.bins) series.bins = binsOf(table);
      list.push(series);
    }
  }
  return list;
}

function dataOf(spec) {
  const usable = (series) => (v) => (v !== null && spec.log && v <= 0 && !isBound(series) ? null : v);
  const tables = (spec.tables || []).map((t) => [t.x, ...t.series.map((s) => s.values.map(usable(s)))]);
  return tables.length === 1 ? tables[0] : uPlot.join(tables);
}

// Letters of what texts have in common, up to the end of a part: "memory/" of several cases of a target.
function sharedPrefix(texts) {
  if (texts.length < 2) return 0;
  let same = 0;
  while (same < texts[0].length && texts.every((text) => text[same] === texts[0][same])) same++;
  return texts[0].lastIndexOf('/', same - 1) + 1;
}

// The one of n colours between the page's ground and a target's own.
function shade(colour, ground, share) {
  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const [own, under] = [parts(colour), parts(ground)];
  return '#' + own.map((v, i) => Math.round(under[i] + (v - under[i]) * share).toString(16).padStart(2, '0')).join('');
}

function colourOf(spec, series, colours) {
  const own = colours.target(series.target);
  if (series.style !== 'ordered') return own;
  const all = flatten(spec).filter((one) => one.target === series.target && one.style === 'ordered');
  return shade(own, colours.ground, all.length < 2 ? 1 : 0.35 + (0.65 * all.indexOf(series)) / (all.length - 1));
}

function lookOf(spec, series, several, colours) {
  const colour = colourOf(spec, series, colours);
  const dash = isBound(series) ? [] : several && spec.kind !== 'xy' && series.target !== undefined && series.style === 'solid' ? targetDashes[series.target % 8] : dashes[series.style];
  return { colour: isOver(series) ? colours.ink : colour, dash, wide: series.style === 'wide' || series.style === 'band', points: series.style === 'points' };
}

// A line that was fitted to points: it has none.
function isComputed(series) {
  return series.style === 'curve' || series.style === 'beyond';
}

function alpha(colour, share) {
  const n = parseInt(colour.slice(1), 16);
  return 'rgba(' + (n >> 16) + ',' + ((n >> 8) & 255) + ',' + (n & 255) + ',' + share + ')';
}

// A value between two gaps has no line: it is drawn as a point.
function alone(u, i) {
  const values = u.data[i];
  const found = [];
  for (let j = 0; j < values.length; j++) {
    if (values[j] != null && values[j - 1] == null && values[j + 1] == null) found.push(j);
  }
  return found;
}

function seriesOption(series, look, kind) {
  const option = { label: series.label, stroke: look.colour, width: 1.6, dash: look.dash, points: { show: true, size: 4, filter: alone } };
  if (isStep(series)) {
    option.paths = levels(series);
    option.points = { show: false };
  } else if (isComputed(series)) option.points = { show: false };
  else if (kind === 'xy') option.points = { show: true, size: 6, width: 0, fill: look.colour, stroke: look.colour };
  if (look.wide) {
    option.width = 6;
    option.stroke = alpha(look.colour, 0.3);
  }
  if (look.points) {
    option.paths = () => null;
    option.points = { show: true, size: kind === 'xy' ? 8 : 3.5, width: 0, fill: look.colour, stroke: look.colour };
  }
  return option;
}

// One unit along an axis: 7.5k below 10k, not 7500.
function axisText(v, highest, unit) {
  if (unit === 'cores') return Number(v.toPrecision(3)) + (v === 1 ? ' core' : ' cores');
  if (unit === 'change') return (v > 0 ? '+' : '') + v.toFixed(1) + ' %';
  return unit === 'count' && highest >= 9999.5 && v >= 1000 && v < 9999.5 ? (v / 1000).toFixed(2) + 'k' : formats[unit](v);
}

function axesOf(spec, colours, plotHeight) {
  const common = {
    stroke: colours.muted, font: colours.font(11), grid: { stroke: colours.grid, width: 1 },
    ticks: { stroke: colours.grid, width: 1, size: 4 }, gap: 4,
  };
  const x = Object.assign({}, common, { size: 26, grid: { show: false } });
  if (spec.kind === 'percentile') {
    x.grid = common.grid;
    x.splits = (u) => {
      const all = [0.30103];
      for (let n = 1; n <= u.scales.x.max + 1e-9; n++) all.push(n);
      let free = -Infinity; // Where the label before ends: 99.9999 needs more room than 99.
      return all.filter((n) => {
        const half = textWidth(formats.nines(n), colours) / 2 + 4;
        const at = u.valToPos(n, 'x');
        const fits = n >= u.scales.x.min && n <= u.scales.x.max && at - half >= free;
        if (fits) free = at + half;
        return fits;
      });
    };
    x.values = (u, splits) => splits.map((n) => (n < 1 ? '50 %' : percent(n) + ' %'));
  } else if (spec.kind === 'xy') {
    axisOfValues(x, spec, colours);
  } else {
    x.incrs = timeSteps;
    x.space = 60;
    x.values = (u, splits) => splits.map((v) => formats.seconds(v).replace(':00 ', ' '));
  }
  const y = Object.assign({}, common, {
    size: (u, texts) => Math.max(40, ...(texts || []).map((text) => textWidth(text, colours) + 14)),
    splits: (u, i, low, high) => (spec.log ? logSplits(low, high) : linearSplits(low, high, spec.unit, plotHeight / 28)),
    values: (u, splits) => splits.map((v) => short(axisText(v, Math.max(...splits), spec.unit))),
  });
  if (spec.log) y.filter = (u, splits) => splits;
  return [x, y];
}

const measure = document.createElement('canvas').getContext('2d');

function textWidth(text, colours) {
  measure.font = colours.font(11);
  return Math.ceil(measure.measureText(text).width);
}

// Room for the lines' names, or for half of the last label of the axis.
function labelWidth(labels, colours) {
  return Math.max(22, ...labels.filter((l) => l).map((l) => textWidth(l.text, colours) + 18));
}

const charts = [];

class Chart {
  constructor(figure) {
    this.figure = figure;
    this.plot = figure.querySelector('.plot');
    this.details = figure.querySelector('details');
    const first = JSON.parse(figure.querySelector('script').textContent);
    first.caption = figure.querySelector('figcaption').textContent;
    this.specs = [first].concat(first.others || []);
    this.width = 0;
    this.alone = figure.parentNode.classList.contains('one');
    this.hiddenSeries = new Set();
    this.take(first);
    this.details.addEventListener('toggle', () => this.makeTable());
  }

  take(spec) {
    this.spec = spec;
    this.list = flatten(spec);
    this.several = new Set(this.list.map((s) => s.target)).size > 1 && this.list.every((s) => s.target !== undefined);
  }

  // Another trial takes this one's place; lines that were hidden stay so. To be drawn again.
  choose(number) {
    const hidden = new Set(Array.from(this.hiddenSeries, (i) => this.list[i].label));
    this.take(this.specs[number]);
    this.hiddenSeries = new Set(this.list.flatMap((s, i) => (hidden.has(s.label) ? [i] : [])));
    this.figure.querySelector('figcaption').textContent = this.spec.caption;
    this.plot.setAttribute('aria-label', 'Chart: ' + this.spec.caption + '. Arrow keys read its values.');
    for (const part of this.details.querySelectorAll('.scroll, button')) part.remove();
  }

  draw(width) {
    const { spec } = this;
    const colours = theme();
    const height = (this.alone ? 220 : 180) + topSpace(spec);
    const looks = this.list.map((s) => lookOf(spec, s, this.several, colours));
    // Rates lie on each other when all is well: their names would be in each other's way.
    const named = !this.list.some((s) => s.label === 'asked');
    const labels = this.list.map((s, i) => (named && !isBound(s) && s.style !== 'points' && s.style !== 'beyond' ? { text: this.labelText(s), colour: looks[i].colour } : null));
    const shared = spec.group ? ranges[spec.group] : null;
    const range = shared || rangeOf([spec]);
    const data = dataOf(spec);
    if (this.u) this.u.destroy();
    this.width = width;
    this.data = data;
    this.u = new uPlot({
      width, height,
      padding: [topSpace(spec), Math.min(labelWidth(labels, colours), width * 0.3), 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: spec.kind + (spec.x ? spec.x.name : ''), setSeries: false },
        drag: { x: true, y: false, setScale: true, dist: 8 },
        points: { size: 6 },
      },
      scales: {
        x: { time: false, distr: spec.x && spec.x.log ? 3 : 1, range: (u, low, high) => this.rangeX(low, high) },
        y: { distr: spec.log ? 3 : 1, range: () => range },
      },
      axes: axesOf(spec, colours, height - 26 - topSpace(spec)),
      series: [{}].concat(this.list.map((s, i) => Object.assign(seriesOption(s, looks[i], spec.kind), { show: !isBound(s) && !this.hiddenSeries.has(i) }))),
      bands: (spec.fill || []).map((f) => ({
        series: [f.upper + 1, f.lower + 1], fill: alpha(looks[f.upper].colour, 0.22), dir: -1,
      })),
      hooks: {
        drawClear: [(u) => drawPhases(u, spec, colours), (u) => drawHeat(u, spec, colours)],
        draw: [
          (u) => drawIncomplete(u, this.list, looks), (u) => drawIntervals(u, this.list, looks), (u) => drawLimits(u, spec, colours),
          (u) => drawMarks(u, spec, colours), (u) => drawLabels(u, labels, colours),
        ],
        setCursor: [(u) => this.showValues(u.cursor.idx), (u) => this.tip.show(u)],
      },
    }, data, this.plot);
    this.tip = new Tip(this, looks);
    this.makeLegend(looks);
  }

  // From the start of the first phase, not from the middle of the first second.
  rangeX(low, high) {
    if (this.spec.kind === 'xy') return this.rangeOfValues(low, high);
    const phases = this.spec.phases || [];
    if (this.data && low === this.data[0][0] && phases.length) {
      low = Math.min(low, phases[0].from);
      if (high === this.data[0][this.data[0].length - 1]) high = Math.max(high, ...phases.map((p) => p.to));
    }
    return low === high ? [low - 0.5, high + 0.5] : [low, high];
  }

  // Room beside the outermost values for their intervals and labels.
  rangeOfValues(low, high) {
    const { names, log } = this.spec.x;
    if (names) return [-0.5, names.length - 0.5];
    if (log) return [low / Math.pow(high / low, 0.05) / 1.05, high * Math.pow(high / low, 0.05) * 1.05];
    const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
    return [low - room, high + room];
  }

  // What all of them begin with tells nothing beside the lines; what is too long is cut where it tells least.
  labelText(series) {
    const all = this.list.filter((s) => !isBound(s)).map((s) => s.label);
    const shared = sharedPrefix(all);
    const heads = new Set(all.map((label) => label.slice(shared, shared + 17)));
    const text = series.label.slice(shared);
    if (text.length <= 18) return text;
    return heads.size === all.length ? text.slice(0, 17) + '…' : '…' + text.slice(-17);
  }

  makeLegend(looks) {
    if (this.legend) this.legend.remove();
    const legend = document.createElement('div');
    legend.className = 'legend';
    this.at = document.createElement('span');
    this.at.className = 'at';
    this.values = [];
    this.list.forEach((series, i) => {
      if (isBound(series)) {
        this.values.push(null);
        return;
      }
      const button = document.createElement('button');
      const value = document.createElement('span');
      const name = document.createElement('span');
      button.type = 'button';
      button.setAttribute('aria-pressed', String(!this.hiddenSeries.has(i)));
      button.title = 'Show or hide this line';
      name.textContent = series.label;
      value.className = 'value';
      button.append(sample(looks[i]), name, value);
      button.addEventListener('click', () => {
        const hide = !this.hiddenSeries.has(i);
        if (hide) this.hiddenSeries.add(i); else this.hiddenSeries.delete(i);
        button.setAttribute('aria-pressed', String(!hide));
        this.u.setSeries(i + 1, { show: !hide });
      });
      this.values.push(value);
      legend.append(button);
    });
    for (const fill of this.spec.fill || []) {
      const note = document.createElement('span');
      note.textContent = '▒ ' + fill.label;
      legend.append(note);
    }
    if (this.spec.heat) legend.append(heatScale(this.spec, theme()));
    legend.append(this.at);
    this.plot.after(legend);
    this.legend = legend;
  }

  formatX(x) {
    if (this.spec.kind === 'xy') return this.spec.x.names ? this.spec.x.names[x] : formats[this.spec.x.unit](x);
    return this.spec.kind === 'percentile' ? formats.nines(x) : formats.seconds(x);
  }

  showValues(index) {
    const there = index !== null && index !== undefined;
    this.at.textContent = there ? 'at ' + this.formatX(this.data[0][index]) : '';
    this.values.forEach((span, i) => {
      if (!span) return;
      const v = there ? this.data[i + 1][index] : null;
      span.textContent = v === null || v === undefined ? '' : formats[this.spec.unit](v);
    });
  }

  // Arrow keys read the values one after the other, aloud where there is a screen reader.
  key(event) {
    const last = this.data[0].length - 1;
    const now = this.u.cursor.idx;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    let next;
    if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = last;
    else if (step) next = Math.max(0, Math.min(last, now === null || now === undefined ? 0 : now + step));
    else return;
    event.preventDefault();
    this.u.setCursor({ left: this.u.valToPos(this.data[0][next], 'x'), top: 10 });
    const said = this.list.map((s, i) => {
      const v = this.data[i + 1][next];
      return v === null || v === undefined ? '' : s.label + ' ' + formats[this.spec.unit](v);
    });
    document.getElementById('said').textContent = 'At ' + this.formatX(this.data[0][next]) + ': ' + said.filter(Boolean).join(', ');
  }

  // The table behind the chart is made when someone opens it.
  makeTable() {
    const { details } = this;
    if (!details.open || details.querySelector('table')) return;
    const frame = document.createElement('div');
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    const body = table.createTBody();
    frame.className = 'scroll';
    frame.tabIndex = 0;
    const heading = (row, text) => {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = text;
      row.append(cell);
    };
    heading(head, this.spec.kind === 'xy' ? this.spec.x.name : this.spec.kind === 'percentile' ? 'faster' : 'time');
    this.list.forEach((s) => heading(head, s.label));
    this.data[0].forEach((x, j) => {
      const row = body.insertRow();
      row.insertCell().textContent = this.formatX(x);
      this.list.forEach((s, i) => {
        const v = this.data[i + 1][j];
        row.insertCell().textContent = v === null || v === undefined ? '–' : formats[this.spec.unit](isBound(s) && v < 0 && this.spec.unit !== 'change' ? 0 : v);
      });
    });
    frame.append(table);
    details.append(csvButton(this), frame);
  }
}

function sample(look) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('width', '20');
  svg.setAttribute('height', '8');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS('http://www.w3.org/2000/svg', look.points ? 'circle' : 'line');
  const attributes = look.points
    ? { cx: 10, cy: 4, r: 2, fill: look.colour }
    : {
      x1: 0, x2: 20, y1: 4, y2: 4, stroke: look.colour, 'stroke-width': look.wide ? 6 : 1.8,
      'stroke-opacity': look.wide ? 0.35 : 1, 'stroke-dasharray': look.dash.join(' '),
    };
  for (const key of Object.keys(attributes)) shape.setAttribute(key, attributes[key]);
  svg.append(shape);
  return svg;
}
