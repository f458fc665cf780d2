/* Charts over a parameter: intervals of values, axes of names and numbers. */

// ---- Intervals ----

// The series after one with values, "low" and "high": the interval of each value.
function isBound(series) {
  return series.style === 'low' || series.style === 'high';
}

// Few trials that differ give an interval below zero, which a rate or a latency cannot be: the axis
// does not follow it there, an arrow says that it goes on.
function drawEnd(ctx, x, y, beyond, ratio) {
  if (beyond !== 0) {
    ctx.moveTo(x - 4 * ratio, y + 5 * beyond);
    ctx.lineTo(x, y);
    ctx.lineTo(x + 4 * ratio, y + 5 * beyond);
    return;
  }
  ctx.moveTo(x - 4 * ratio, y);
  ctx.lineTo(x + 4 * ratio, y);
}

function drawIntervals(u, list, looks) {
  const ratio = uPlot.pxRatio;
  const { ctx } = u;
  ctx.save();
  ctx.setLineDash([]); // That of the line before is still there.
  ctx.lineWidth = 1.5 * ratio;
  list.forEach((series, i) => {
    if (series.style !== 'low' || !u.series[i].show) return; // u.series[i] is the one before.
    ctx.strokeStyle = looks[i].colour;
    u.data[0].forEach((at, j) => {
      const low = u.data[i + 1][j];
      const high = u.data[i + 2][j];
      if (low == null || high == null) return;
      const x = u.valToPos(at, 'x', true);
      const { min, max } = u.scales.y;
      if (high < min || low > max) return;
      const bottom = u.valToPos(Math.max(low, min), 'y', true);
      const top = u.valToPos(Math.min(high, max), 'y', true);
      ctx.beginPath();
      ctx.moveTo(x, bottom);
      ctx.lineTo(x, top);
      drawEnd(ctx, x, bottom, low < min ? -ratio : 0, ratio);
      drawEnd(ctx, x, top, high > max ? ratio : 0, ratio);
      ctx.stroke();
    });
  });
  ctx.restore();
}

// The x of what was measured; a fitted line has values everywhere.
function measuredValues(spec) {
  const all = new Set();
  for (const t of spec.tables || []) {
    if (!t.series.every(isComputed)) t.x.forEach((v) => all.add(v));
  }
  return Array.from(all).sort((a, b) => a - b);
}

// Labels under the values themselves, as far as there is room.
function axisOfValues(x, spec, colours) {
  const { names } = spec.x;
  const label = (v) => (names ? names[v] : short(formats[spec.x.unit](v)));
  const measured = measuredValues(spec);
  x.splits = (u) => {
    let free = -Infinity;
    return measured.filter((v) => {
      const half = (names ? Math.min(textWidth(label(v), colours), 90) : textWidth(label(v), colours)) / 2 + 4;
      const at = u.valToPos(v, 'x');
      const fits = v >= u.scales.x.min && v <= u.scales.x.max && at - half >= free;
      if (fits) free = at + half;
      return fits;
    });
  };
  x.values = (u, splits) => splits.map((v) => fitted(label(v), names ? 90 : Infinity, colours));
  x.filter = (u, splits) => splits;
}

// The end tells cases apart: "…/ordered".
function fitted(text, width, colours) {
  if (textWidth(text, colours) <= width) return text;
  let cut = text;
  while (cut.length > 1 && textWidth('…' + cut, colours) > width) cut = cut.slice(1);
  return '…' + cut;
}
