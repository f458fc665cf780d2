/* What is at the pointer, and a chart's values as a file. */

// ---- Tooltip ----

class Tip {
  constructor(chart, looks) {
    this.chart = chart;
    this.looks = looks;
    this.box = document.createElement('div');
    this.box.className = 'tip';
    this.box.hidden = true;
    chart.u.over.append(this.box);
    this.inside = false;
    chart.u.over.addEventListener('mouseenter', () => { this.inside = true; });
    chart.u.over.addEventListener('mouseleave', () => {
      this.inside = false;
      this.box.hidden = true;
    });
  }

  line(text, look) {
    const line = document.createElement('div');
    if (look) line.append(sample(look), ' ');
    line.append(text);
    this.box.append(line);
  }

  // Cursors move together; the box is in the chart that the pointer is in.
  show(u) {
    const { idx, left, top } = u.cursor;
    const { chart } = this;
    if (!this.inside || idx === null || idx === undefined || left < 0) {
      this.box.hidden = true;
      return;
    }
    const at = chart.data[0][idx];
    this.box.textContent = '';
    this.line(chart.formatX(at));
    chart.list.forEach((series, i) => {
      const v = chart.data[i + 1][idx];
      if (isBound(series) || chart.hiddenSeries.has(i) || v === null || v === undefined) return;
      this.line(series.label + ' ' + formats[chart.spec.unit](v), this.looks[i]);
    });
    if (chart.spec.heat) this.cell(u);
    for (const mark of chart.spec.marks || []) {
      if (Math.abs(u.valToPos(mark.at, 'x') - left) < 6) this.line(mark.kind + (mark.text ? ': ' + mark.text : ''));
    }
    this.box.hidden = false;
    this.place(u, left, top);
  }

  cell(u) {
    const found = cellAt(this.chart.spec, u.posToVal(u.cursor.left, 'x'), u.posToVal(u.cursor.top, 'y'));
    if (found) this.line(formats.count(found.count) + ' messages of ' + formats.ns(found.low) + ' to ' + formats.ns(found.high));
  }

  // Beside the pointer, within the plot as far as it fits.
  place(u, left, top) {
    const width = u.over.clientWidth;
    const right = left + 14 + this.box.offsetWidth <= width;
    this.box.style.left = Math.max(0, right ? left + 14 : left - 14 - this.box.offsetWidth) + 'px';
    this.box.style.top = Math.max(0, Math.min(top - 10, u.over.clientHeight - this.box.offsetHeight)) + 'px';
  }
}

// ---- Values as CSV ----

function csvField(text) {
  return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

function csvOf(chart) {
  const { spec } = chart;
  const unitOf = (unit) => ({ rate: '/s', count: '', cores: 'cores', change: '%' }[unit] ?? unit);
  const named = (name, unit) => csvField(unit ? name + ' (' + unit + ')' : name);
  const xName = spec.kind === 'xy' ? named(spec.x.name, spec.x.names ? '' : unitOf(spec.x.unit)) : spec.kind === 'percentile' ? 'faster (%)' : 'time (s)';
  const xText = (x) => (spec.kind === 'percentile' ? percent(x) : spec.x && spec.x.names ? csvField(spec.x.names[x]) : String(x));
  const label = (s) => (isBound(s) ? s.label + ' ' + s.style : s.label);
  const lines = [[xName, ...chart.list.map((s) => named(label(s), unitOf(spec.unit)))].join(',')];
  chart.data[0].forEach((x, j) => {
    lines.push([xText(x), ...chart.list.map((s, i) => String(chart.data[i + 1][j] ?? ''))].join(','));
  });
  return lines.join('\n') + '\n';
}

function csvButton(chart) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Save as CSV';
  button.addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csvOf(chart)], { type: 'text/csv' }));
    link.download = chart.figure.id + '.csv';
    link.click();
    URL.revokeObjectURL(link.href);
  });
  return button;
}
