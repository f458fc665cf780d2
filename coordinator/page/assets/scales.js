/* Ranges of axes, and where their lines stand. */

// ---- Scales ----

const ranges = {}; // By group: the y range that its charts share.

// The interval of two trials may reach a thousand times as far as what was measured: an axis that
// followed it there would show nothing else. An arrow says that the interval goes on.
const boundsTimes = 3;

function farthest(specs, log) {
  let far = specs[0].unit === 'change' ? 20 : 0; // Percent; below it there is no hurry.
  for (const spec of specs) {
    for (const table of spec.tables || []) {
      for (const series of table.series) {
        if (isBound(series)) continue;
        for (const v of series.values) far = Math.max(far, v === null ? 0 : Math.abs(v));
      }
    }
  }
  return log || far === 0 ? Infinity : far * boundsTimes;
}

// The same on a logarithmic axis: ten times as low and as high as what was measured.
function clipped(specs) {
  let low = Infinity;
  let high = 0;
  for (const spec of specs) {
    for (const table of spec.tables || []) {
      for (const series of table.series) {
        if (isBound(series)) continue;
        for (const v of series.values) {
          if (v === null || v <= 0) continue;
          low = Math.min(low, v);
          high = Math.max(high, v);
        }
      }
    }
  }
  return (v) => (low === Infinity ? v : Math.max(low / 10, Math.min(high * 10, v)));
}

function extent(specs, log) {
  const far = farthest(specs, log);
  const clip = log ? clipped(specs) : (v) => v;
  let low = Infinity;
  let high = -Infinity;
  for (const spec of specs) {
    for (const table of spec.tables || []) {
      for (const series of table.series) {
        for (const v of series.values) {
          if (v === null || (log && v <= 0) || (isBound(series) && v < 0 && spec.unit !== 'change')) continue;
          const drawn = isBound(series) ? clip(Math.max(-far, Math.min(far, v))) : Math.max(-far, Math.min(far, v));
          if (drawn < low) low = drawn;
          if (drawn > high) high = drawn;
        }
      }
    }
  }
  for (const spec of specs) {
    for (const v of [...reachOfHeat(spec), ...limitsOf(spec)]) {
      // A limit that is far away would leave nothing of the lines.
      if (low !== Infinity && (v > high * 100 || v < low / 100)) continue;
      low = Math.min(low, v);
      high = Math.max(high, v);
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
  if (!log) return [Math.min(0, found[0] * 1.15), found[1] > 0 ? found[1] * 1.08 : found[0] < 0 ? -found[0] * 0.05 : 1];
  const low = roundLog(found[0], false);
  const high = roundLog(found[1], true);
  return high / low < 5 ? [low / 2, high * 2] : [low, high];
}

function logSplits(low, high) {
  const splits = [];
  for (let p = Math.floor(Math.log10(low) + 1e-9); Math.pow(10, p) <= high * (1 + 1e-9); p++) {
    for (const m of high / low < 300 ? [1, 2, 5] : [1]) {
      const v = m * Math.pow(10, p);
      if (v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)) splits.push(v);
    }
  }
  return splits;
}

function linearSplits(low, high, unit, count) {
  const base = unit === 'bytes' ? Math.pow(1024, Math.floor(Math.log2(Math.max(high, 1)) / 10)) : 1;
  const raw = (high - Math.min(low, 0)) / base / count;
  const power = Math.pow(10, Math.floor(Math.log10(raw)));
  let step = [1, 2, 2.5, 5, 10].find((s) => s * power >= raw) * power;
  if ((unit === 'count' || unit === 'bytes') && step < 1) step = 1;
  const splits = [];
  for (let v = Math.ceil(Math.min(low, 0) / base / step) * step; v * base <= high; v += step) splits.push(Number((v * base).toPrecision(12)));
  return splits;
}

const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
