/*
 * Draws the charts of a report from the JSON beside each of them; charts.h says what a chart holds.
 * Everything else on the page stands there without this script.
 */
(function () {
  'use strict';

  // ---- Numbers for people: the same three digits as common/base/units.c. ----

  function scaled(value, unit) {
    const size = Math.abs(value);
    return value.toFixed(size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : 2) + unit;
  }

  function stepped(value, step, limit, units) {
    let i = 0;
    while (Math.abs(value) >= limit && i < units.length - 1) {
      value /= step;
      i++;
    }
    return [value, units[i]];
  }

  const formats = {
    ns(v) {
      if (Math.abs(v) < 999.5) return v.toFixed(0) + ' ns';
      const [value, unit] = stepped(v / 1e3, 1e3, 999.5, [' us', ' ms', ' s']);
      return scaled(value, unit);
    },
    rate(v) {
      const [value, unit] = stepped(v, 1e3, 999.5, ['/s', 'k/s', 'M/s', 'G/s']);
      return scaled(value, unit);
    },
    count(v) {
      if (Math.abs(v) < 9999.5 && v === Math.floor(v)) return v.toFixed(0);
      const [value, unit] = stepped(v, 1e3, 999.5, ['', 'k', 'M', 'G']);
      return scaled(value, unit);
    },
    bytes(v) {
      const [value, unit] = stepped(v, 1024, 1023.5, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
      return unit === ' B' ? v.toFixed(0) + unit : scaled(value, unit);
    },
    cores(v) {
      return scaled(v, v === 1 ? ' core' : ' cores');
    },
    seconds(v) {
      if (Math.abs(v) < 120) return (v === Math.floor(v) ? v.toFixed(0) : v.toFixed(1)) + ' s';
      const whole = Math.round(v);
      const two = (n) => String(n).padStart(2, '0');
      if (whole < 7200) return Math.floor(whole / 60) + ':' + two(whole % 60) + ' min';
      return Math.floor(whole / 3600) + ':' + two(Math.floor(whole / 60) % 60) + ' h';
    },
    nines(v) {
      return percent(v) + ' %';
    },
  };

  // 2 nines is 99, 3 are 99.9; as many digits as tell it from 100.
  function percent(nines) {
    const digits = Math.max(0, Math.ceil(nines - 1e-9) - 2);
    return (100 * (1 - Math.pow(10, -nines))).toFixed(Math.min(digits + (nines % 1 ? 1 : 0), 9));
  }

  // An axis has round numbers: "1 ms", not "1.00 ms".
  function short(text) {
    return text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');
  }

  // ---- The page's colours, as the reader's setting has them now. ----

  function theme() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue('--' + name).trim();
    return {
      ink: colour('ink'), muted: colour('muted'), grid: colour('grid'), line: colour('line'),
      shade: colour('shade'), mark: colour('mark'), away: colour('away'), ground: colour('ground'),
      neutral: colour('neutral'),
      target: (n) => (n === undefined ? colour('neutral') : colour('target-' + (n % 8))),
      font: (px) => px + 'px ' + getComputedStyle(document.body).fontFamily,
    };
  }

  const dashes = { solid: [], dash: [7, 3], dot: [2, 3], wide: [], points: [] };
  // In a chart of several targets the dash tells them apart too.
  const targetDashes = [[], [8, 3], [2, 2], [9, 3, 2, 3], [5, 2], [1, 3], [12, 3], [6, 2, 2, 2, 2, 2]];

  // ---- Scales ----

  const ranges = {}; // By group: the y range that its charts share.

  function extent(specs, log) {
    let low = Infinity;
    let high = -Infinity;
    for (const spec of specs) {
      for (const table of spec.tables || []) {
        for (const series of table.series) {
          for (const v of series.values) {
            if (v === null || (log && v <= 0)) continue;
            if (v < low) low = v;
            if (v > high) high = v;
          }
        }
      }
    }
    return low === Infinity ? null : [low, high];
  }

  // Outwards to 1, 2 or 5 times a power of ten.
  function roundLog(v, up) {
    const power = Math.pow(10, Math.floor(Math.log10(v) + 1e-9));
    const steps = [1, 2, 5, 10];
    const fits = steps.filter((s) => (up ? s * power >= v * (1 - 1e-9) : s * power <= v * (1 + 1e-9)));
    return power * (up ? fits[0] : fits[fits.length - 1]);
  }

  function rangeOf(specs) {
    const log = specs[0].log;
    const found = extent(specs, log);
    if (!found) return log ? [1, 10] : [0, 1];
    if (!log) return [0, found[1] > 0 ? found[1] * 1.08 : 1];
    const low = roundLog(found[0], false);
    const high = roundLog(found[1], true);
    return high / low < 5 ? [low / 2, high * 2] : [low, high];
  }

  function logSplits(low, high) {
    const splits = [];
    for (let p = Math.floor(Math.log10(low) + 1e-9); Math.pow(10, p) <= high * (1 + 1e-9); p++) {
      for (const m of high / low < 40 ? [1, 2, 5] : [1]) {
        const v = m * Math.pow(10, p);
        if (v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)) splits.push(v);
      }
    }
    return splits;
  }

  function linearSplits(high, unit, count) {
    const base = unit === 'bytes' ? Math.pow(1024, Math.floor(Math.log2(Math.max(high, 1)) / 10)) : 1;
    const raw = high / base / count;
    const power = Math.pow(10, Math.floor(Math.log10(raw)));
    let step = [1, 2, 2.5, 5, 10].find((s) => s * power >= raw) * power;
    if ((unit === 'count' || unit === 'bytes') && step < 1) step = 1;
    const splits = [];
    for (let v = 0; v * base <= high; v += step) splits.push(Number((v * base).toPrecision(12)));
    return splits;
  }

  const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

  // ---- What is drawn around the lines ----

  // Above the plot: a strip with the phases' names, and strips with the names of marks.
  const stripHeight = 14;

  const strips = {}; // By group: rows for marks, so that neighbouring plots stand on one line.

  function markRows(spec) {
    const own = Math.min((spec.marks || []).length, 2);
    return matchMedia('(max-width: 760px)').matches ? own : strips[spec.group] || own;
  }

  function topSpace(spec) {
    return ((spec.phases || []).length ? stripHeight : 8) + markRows(spec) * stripHeight;
  }

  function textStyle(ctx, colours, baseline) {
    ctx.font = colours.font(11 * uPlot.pxRatio);
    ctx.textAlign = 'left';
    ctx.textBaseline = baseline;
  }

  // Phases that are not measured are shaded; so is the time in which the broker was away.
  function drawPhases(u, spec, colours) {
    const ratio = uPlot.pxRatio;
    const { left: start, top, width, height } = u.bbox;
    const end = start + width;
    const shade = (from, to, colour) => {
      const left = Math.max(u.valToPos(from, 'x', true), start);
      const right = Math.min(u.valToPos(to, 'x', true), end);
      u.ctx.fillStyle = colour;
      if (right > left) u.ctx.fillRect(left, top, right - left, height);
    };
    u.ctx.save();
    textStyle(u.ctx, colours, 'bottom');
    for (const phase of spec.phases || []) {
      const left = Math.max(u.valToPos(phase.from, 'x', true), start);
      const right = Math.min(u.valToPos(phase.to, 'x', true), end);
      if (right <= left) continue;
      if (!phase.measured) shade(phase.from, phase.to, colours.shade);
      u.ctx.fillStyle = colours.line;
      u.ctx.fillRect(Math.round(left), top - 3 * ratio, ratio, height + 3 * ratio);
      if (u.ctx.measureText(phase.name).width < right - left - 3 * ratio) {
        u.ctx.fillStyle = colours.muted;
        u.ctx.fillText(phase.name, left + 3 * ratio, top - ratio);
      }
    }
    let down = null;
    for (const mark of spec.marks || []) {
      if (mark.kind === 'broker down' && down === null) down = mark.at;
      if (mark.kind === 'broker up' && down !== null) {
        shade(down, mark.at, colours.away);
        down = null;
      }
    }
    u.ctx.restore();
  }

  function drawMarks(u, spec, colours) {
    const ratio = uPlot.pxRatio;
    const { left: start, top, width, height } = u.bbox;
    const rows = markRows(spec);
    const used = new Array(rows).fill(-Infinity); // Where the last text of a row ends.
    u.ctx.save();
    textStyle(u.ctx, colours, 'bottom');
    u.ctx.strokeStyle = u.ctx.fillStyle = colours.mark;
    u.ctx.lineWidth = ratio;
    for (const mark of spec.marks || []) {
      const x = Math.round(u.valToPos(mark.at, 'x', true)) + 0.5;
      if (x < start || x > start + width) continue;
      const text = mark.kind;
      const textWidth = u.ctx.measureText(text).width;
      const at = Math.min(x, start + width - textWidth);
      const row = used.findIndex((end) => end < at);
      u.ctx.setLineDash([3 * ratio, 3 * ratio]);
      u.ctx.beginPath();
      u.ctx.moveTo(x, row < 0 ? top : top - (row + 1) * stripHeight * ratio);
      u.ctx.lineTo(x, top + height);
      u.ctx.stroke();
      if (row < 0) continue; // No room for its name: the list above the charts has it.
      u.ctx.fillText(text, at, top - ((row + 1) * stripHeight + 1) * ratio);
      used[row] = at + textWidth + 6 * ratio;
    }
    u.ctx.restore();
  }

  // The name of each line at its end, pushed apart where lines end together.
  function drawLabels(u, labels, colours) {
    const ratio = uPlot.pxRatio;
    const { ctx } = u;
    const ends = [];
    for (let i = 1; i < u.series.length; i++) {
      if (!labels[i - 1] || !u.series[i].show) continue;
      const [low, high] = [u.scales.x.min, u.scales.x.max];
      for (let j = u.data[0].length - 1; j >= 0; j--) {
        const v = u.data[i][j];
        if (v == null || u.data[0][j] > high || u.data[0][j] < low || (u.scales.y.distr === 3 && v <= 0)) continue;
        ends.push({ text: labels[i - 1].text, colour: labels[i - 1].colour, y: u.valToPos(v, 'y', true) });
        break;
      }
    }
    ends.sort((a, b) => a.y - b.y);
    const height = 13 * ratio;
    const bottom = u.bbox.top + u.bbox.height;
    for (let i = 0; i < ends.length; i++) {
      ends[i].at = Math.max(ends[i].y, i === 0 ? u.bbox.top + height / 2 : ends[i - 1].at + height);
    }
    for (let i = ends.length - 1; i >= 0; i--) {
      const limit = i === ends.length - 1 ? bottom - height / 2 : ends[i + 1].at - height;
      ends[i].at = Math.min(ends[i].at, limit);
    }
    ctx.save();
    textStyle(ctx, colours, 'middle');
    const x = u.bbox.left + u.bbox.width;
    for (const end of ends) {
      ctx.strokeStyle = end.colour;
      ctx.lineWidth = 1.5 * ratio;
      ctx.beginPath();
      ctx.moveTo(x + ratio, end.y);
      ctx.lineTo(x + 6 * ratio, end.at);
      ctx.lineTo(x + 9 * ratio, end.at);
      ctx.stroke();
      ctx.fillStyle = colours.ink;
      ctx.fillText(end.text, x + 12 * ratio, end.at);
    }
    ctx.restore();
  }

  // ---- One chart ----

  function flatten(spec) {
    const list = [];
    for (const table of spec.tables || []) list.push(...table.series);
    return list;
  }

  function dataOf(spec) {
    const usable = (v) => (v !== null && spec.log && v <= 0 ? null : v);
    const tables = (spec.tables || []).map((t) => [t.x, ...t.series.map((s) => s.values.map(usable))]);
    return tables.length === 1 ? tables[0] : uPlot.join(tables);
  }

  function lookOf(spec, series, several, colours) {
    const colour = colours.target(series.target);
    const dash = several && series.target !== undefined ? targetDashes[series.target % 8] : dashes[series.style];
    return { colour, dash, wide: series.style === 'wide', points: series.style === 'points' };
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

  function seriesOption(series, look) {
    const option = { label: series.label, stroke: look.colour, width: 1.6, dash: look.dash, points: { show: true, size: 4, filter: alone } };
    if (look.wide) {
      option.width = 6;
      option.stroke = alpha(look.colour, 0.3);
    }
    if (look.points) {
      option.paths = () => null;
      option.points = { show: true, size: 3.5, width: 0, fill: look.colour, stroke: look.colour };
    }
    return option;
  }

  function axesOf(spec, colours, plotHeight) {
    const format = formats[spec.unit];
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
    } else {
      x.incrs = timeSteps;
      x.space = 60;
      x.values = (u, splits) => splits.map((v) => formats.seconds(v).replace(':00 ', ' '));
    }
    const y = Object.assign({}, common, {
      size: (u, texts) => Math.max(40, ...(texts || []).map((text) => textWidth(text, colours) + 14)),
      splits: (u, i, low, high) => (spec.log ? logSplits(low, high) : linearSplits(high, spec.unit, plotHeight / 28)),
      values: (u, splits) => splits.map((v) => short(format(v))),
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
      this.spec = JSON.parse(figure.querySelector('script').textContent);
      this.list = flatten(this.spec);
      this.several = new Set(this.list.map((s) => s.target)).size > 1 && this.list.every((s) => s.target !== undefined);
      this.width = 0;
      this.alone = figure.parentNode.classList.contains('one');
      this.hiddenSeries = new Set();
      this.makeTable();
    }

    draw(width) {
      const { spec } = this;
      const colours = theme();
      const height = (this.alone ? 220 : 180) + topSpace(spec);
      const looks = this.list.map((s) => lookOf(spec, s, this.several, colours));
      // Rates lie on each other when all is well: their names would be in each other's way.
      const named = !this.list.some((s) => s.label === 'asked');
      const labels = this.list.map((s, i) => (named ? { text: this.labelText(s), colour: looks[i].colour } : null));
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
          sync: { key: spec.kind, setSeries: false },
          drag: { x: true, y: false, setScale: true, dist: 8 },
          points: { size: 6 },
        },
        scales: {
          x: { time: false, range: (u, low, high) => this.rangeX(low, high) },
          y: { distr: spec.log ? 3 : 1, range: () => range },
        },
        axes: axesOf(spec, colours, height - 26 - topSpace(spec)),
        series: [{}].concat(this.list.map((s, i) => Object.assign(seriesOption(s, looks[i]), { show: !this.hiddenSeries.has(i) }))),
        bands: (spec.fill || []).map((f) => ({
          series: [f.upper + 1, f.lower + 1], fill: alpha(looks[f.upper].colour, 0.22), dir: -1,
        })),
        hooks: {
          drawClear: [(u) => drawPhases(u, spec, colours)],
          draw: [(u) => drawMarks(u, spec, colours), (u) => drawLabels(u, labels, colours)],
          setCursor: [(u) => this.showValues(u.cursor.idx)],
        },
      }, data, this.plot);
      this.makeLegend(looks);
    }

    // From the start of the first phase, not from the middle of the first second.
    rangeX(low, high) {
      const phases = this.spec.phases || [];
      if (this.data && low === this.data[0][0] && phases.length) {
        low = Math.min(low, phases[0].from);
        if (high === this.data[0][this.data[0].length - 1]) high = Math.max(high, ...phases.map((p) => p.to));
      }
      return low === high ? [low - 0.5, high + 0.5] : [low, high];
    }

    labelText(series) {
      return series.label.length > 18 ? series.label.slice(0, 17) + '…' : series.label;
    }

    makeLegend(looks) {
      if (this.legend) this.legend.remove();
      const legend = document.createElement('div');
      legend.className = 'legend';
      this.at = document.createElement('span');
      this.at.className = 'at';
      this.values = [];
      this.list.forEach((series, i) => {
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
      legend.append(this.at);
      this.plot.after(legend);
      this.legend = legend;
    }

    formatX(x) {
      return this.spec.kind === 'percentile' ? formats.nines(x) : formats.seconds(x);
    }

    showValues(index) {
      const there = index !== null && index !== undefined;
      this.at.textContent = there ? 'at ' + this.formatX(this.data[0][index]) : '';
      this.values.forEach((span, i) => {
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
      const details = this.figure.querySelector('details');
      details.addEventListener('toggle', () => {
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
        heading(head, this.spec.kind === 'percentile' ? 'faster' : 'time');
        this.list.forEach((s) => heading(head, s.label));
        this.data[0].forEach((x, j) => {
          const row = body.insertRow();
          row.insertCell().textContent = this.formatX(x);
          this.list.forEach((s, i) => {
            const v = this.data[i + 1][j];
            row.insertCell().textContent = v === null || v === undefined ? '–' : formats[this.spec.unit](v);
          });
        });
        frame.append(table);
        details.append(frame);
      });
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

  // ---- The page ----

  function groupRanges() {
    const groups = {};
    for (const chart of charts) {
      if (chart.spec.group) (groups[chart.spec.group] = groups[chart.spec.group] || []).push(chart.spec);
    }
    for (const name of Object.keys(groups)) {
      ranges[name] = rangeOf(groups[name]);
      strips[name] = Math.max(...groups[name].map(markRows));
    }
  }

  function drawAll(widthOf) {
    for (const chart of charts) {
      const width = widthOf ? widthOf(chart) : chart.plot.clientWidth;
      if (width > 40) chart.draw(width);
    }
  }

  function copy(button) {
    const code = document.getElementById(button.dataset.copies);
    const done = (ok) => {
      button.textContent = ok ? 'Copied' : 'Select and copy by hand';
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    };
    const byHand = () => {
      const range = document.createRange();
      range.selectNodeContents(code);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      done(document.execCommand('copy'));
    };
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(code.textContent).then(() => done(true), byHand);
    } else {
      byHand();
    }
  }

  function start() {
    for (const figure of document.querySelectorAll('figure.chart')) charts.push(new Chart(figure));
    groupRanges();
    drawAll();
    for (const chart of charts) {
      chart.plot.addEventListener('keydown', (event) => chart.key(event));
      new ResizeObserver(() => {
        const width = chart.plot.clientWidth;
        if (width > 40 && width !== chart.width && !document.documentElement.dataset.theme) {
          requestAnimationFrame(() => chart.draw(width));
        }
      }).observe(chart.plot);
    }
    for (const button of document.querySelectorAll('button[data-copies]')) {
      button.addEventListener('click', () => copy(button));
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawAll());
    addEventListener('beforeprint', () => {
      document.documentElement.dataset.theme = 'light';
      drawAll((chart) => (chart.alone ? 690 : 335));
    });
    addEventListener('afterprint', () => {
      delete document.documentElement.dataset.theme;
      drawAll();
    });
    document.documentElement.dataset.drawn = String(charts.length);
  }

  start();
})();
