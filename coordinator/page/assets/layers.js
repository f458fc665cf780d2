/* What lies under and over the lines: levels of bins, the heat of all messages, limits. */

// ---- Bins ----

function isStep(series) {
  return series.style === 'band' || series.style.startsWith('step');
}

function isOver(series) {
  return series.style.startsWith('over');
}

// From where to where each x stands for; of charts whose tables have other times, by the x itself.
function binsOf(table) {
  const bins = new Map();
  const incomplete = new Set(table.incomplete || []);
  table.x.forEach((x, i) => bins.set(x, { from: x - table.lengths[i] / 2, to: x + table.lengths[i] / 2, incomplete: incomplete.has(i) }));
  return bins;
}

function eachBin(u, series, i, visit) {
  u.data[0].forEach((x, j) => {
    const v = u.data[i][j];
    const bin = series.bins.get(x);
    if (v == null || !bin) return;
    visit(bin, u.valToPos(bin.from, 'x', true), u.valToPos(bin.to, 'x', true), u.valToPos(v, 'y', true));
  });
}

function levels(series) {
  return (u, i) => {
    const path = new Path2D();
    let end = null;
    eachBin(u, series, i, (bin, left, right, y) => {
      const joined = end !== null && Math.abs(left - end) < 1.5;
      if (bin.incomplete) {
        end = null;
        return;
      }
      if (joined) path.lineTo(left, y); else path.moveTo(left, y);
      path.lineTo(right, y);
      end = right;
    });
    return { stroke: path, fill: null, clip: null, band: null, gaps: null, flags: 0 };
  };
}

// Hollow: not every agent has told of that time.
function drawIncomplete(u, list, looks) {
  const ratio = uPlot.pxRatio;
  const { ctx } = u;
  ctx.save();
  ctx.setLineDash([]);
  ctx.lineWidth = ratio;
  list.forEach((series, i) => {
    if (!isStep(series) || !u.series[i + 1].show) return;
    ctx.strokeStyle = looks[i].colour;
    eachBin(u, series, i + 1, (bin, left, right, y) => {
      if (bin.incomplete) ctx.strokeRect(left, y - 2 * ratio, right - left, 4 * ratio);
    });
  });
  ctx.restore();
}

// ---- Heat ----

function rowOf(heat, row) {
  const from = heat.low_ns * Math.pow(10, row / heat.per_decade);
  return [row === 0 ? 0 : from, heat.low_ns * Math.pow(10, (row + 1) / heat.per_decade)];
}

// Lowest and highest latency that any cell stands for; the first row has no lower end to draw.
function reachOfHeat(spec) {
  if (!spec.heat) return [];
  const rows = spec.heat.columns.filter((c) => c.length > 1).flatMap((c) => [c[0], c[0] + c.length - 2]);
  if (rows.length === 0) return [];
  const { low_ns: low } = spec.heat;
  return [Math.max(low / 2, rowOf(spec.heat, Math.min(...rows))[0]), rowOf(spec.heat, Math.max(...rows))[1]];
}

function mostOfHeat(heat) {
  return heat.columns.reduce((most, c) => c.reduce((a, v, i) => (i > 0 && v > a ? v : a), most), 1);
}

// One message can be seen; the most are the full colour.
function shareOf(count, most) {
  return count === 0 ? 0 : 0.12 + 0.88 * (most > 1 ? Math.log(count) / Math.log(most) : 1);
}

function heatColour(spec, colours) {
  const first = spec.tables[0].series[0];
  return colours.target(first ? first.target : 0);
}

function drawHeat(u, spec, colours) {
  if (!spec.heat) return;
  const { heat } = spec;
  const { ctx } = u;
  const most = mostOfHeat(heat);
  const colour = heatColour(spec, colours);
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  heat.columns.forEach((cells, i) => {
    const left = Math.round(u.valToPos(i * heat.step_s, 'x', true));
    const right = Math.round(u.valToPos((i + 1) * heat.step_s, 'x', true));
    for (let j = 1; j < cells.length; j++) {
      if (cells[j] === 0) continue;
      const [low, high] = rowOf(heat, cells[0] + j - 1);
      const top = Math.round(u.valToPos(high, 'y', true));
      const bottom = low <= 0 ? u.bbox.top + u.bbox.height : Math.round(u.valToPos(low, 'y', true));
      ctx.fillStyle = alpha(colour, shareOf(cells[j], most));
      ctx.fillRect(left, top, right - left, bottom - top);
    }
  });
  ctx.restore();
}

// The cell at a place of the plot: its latencies and its count.
function cellAt(spec, seconds, ns) {
  const { heat } = spec;
  const cells = heat.columns[Math.floor(seconds / heat.step_s)] || [];
  for (let j = 1; j < cells.length; j++) {
    const [low, high] = rowOf(heat, cells[0] + j - 1);
    if (ns >= low && ns < high) return { low, high, count: cells[j] };
  }
  return null;
}

function heatScale(spec, colours) {
  const most = mostOfHeat(spec.heat);
  const scale = document.createElement('span');
  const bar = document.createElement('span');
  const colour = heatColour(spec, colours);
  bar.className = 'ramp';
  bar.style.background = 'linear-gradient(to right, ' + alpha(colour, shareOf(1, most)) + ', ' + alpha(colour, 1) + ')';
  scale.append('1', bar, formats.count(most) + ' messages in a cell');
  return scale;
}

// ---- Limits ----

// With room above them.
function limitsOf(spec) {
  return (spec.limits || []).map((limit) => limit.value * (spec.log ? 1.3 : 1.02));
}

function drawLimits(u, spec, colours) {
  const ratio = uPlot.pxRatio;
  const { ctx } = u;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colours.bad;
  ctx.lineWidth = 1.2 * ratio;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  for (const limit of spec.limits || []) {
    const y = Math.round(u.valToPos(limit.value, 'y', true)) + 0.5;
    if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(u.bbox.left, y);
    ctx.lineTo(u.bbox.left + u.bbox.width, y);
    ctx.stroke();
    // Its name above it, or below where phases have theirs; at the right, as most lines begin low.
    const below = y - 16 * ratio < u.bbox.top;
    textStyle(ctx, colours, below ? 'top' : 'bottom');
    ctx.textAlign = 'right';
    ctx.fillText('limit: ' + limit.text, u.bbox.left + u.bbox.width - 4 * ratio, y + (below ? 3 : -1) * ratio);
  }
  ctx.restore();
}
