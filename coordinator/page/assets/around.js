/* What is drawn around the lines: phases, marks, names. */

// ---- What is drawn around the lines ----

// Above the plot: a strip with the phases' names, and strips with the names of marks.
const stripHeight = 14;

const strips = {}; // By group: rows for marks, so that neighbouring plots stand on one line.

function markRows(spec) {
  const own = Math.min((spec.marks || []).length, 2);
  return matchMedia('(max-width: 760px)').matches ? own : strips[spec.group] || own;
}

function topSpace(spec) {
  return ((spec.phases || []).length || markRows(spec) ? stripHeight : 8) + markRows(spec) * stripHeight;
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
