/* Numbers for people and the page's colours. The scripts beside this one are one script in the page:
 * CMakeLists.txt names their order, embed.cmake puts them into one function. */

// ---- Numbers for people: the same three digits as common/base/units.c. ----

function scaled(value, unit) {
  const size = Math.abs(value);
  let decimals = size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : 2;
  if (size > 0 && size < 0.0995) decimals = Math.min(2 - Math.floor(Math.log10(size)), 9);
  return value.toFixed(decimals) + unit;
}

// "5,000": groups from four digits on.
function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
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
    const [value, unit] = stepped(v / 1e3, 1e3, 999.5, [' µs', ' ms', ' s']);
    return scaled(value, unit);
  },
  rate(v) {
    const [value, unit] = stepped(v, 1e3, 999.5, ['/s', 'k/s', 'M/s', 'G/s']);
    return scaled(value, unit);
  },
  count(v) {
    if (Math.abs(v) < 9999.5 && v === Math.floor(v)) return grouped(v.toFixed(0));
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
  change(v) {
    if (v >= 100) return scaledTimes(1 + v / 100) + ' times';
    return (v > 0 ? '+' : '') + v.toFixed(1) + ' %';
  },
};

// From twice on a change is a factor, as in the tables.
function scaledTimes(v) {
  if (v >= 1000) return 'over 1000';
  return v < 9.95 ? v.toFixed(1) : v.toFixed(0);
}

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
    neutral: colour('neutral'), bad: colour('bad'),
    target: (n) => (n === undefined ? colour('neutral') : colour('target-' + (n % 8))),
    font: (px) => px + 'px ' + getComputedStyle(document.body).fontFamily,
  };
}

const dashes = { step: [], 'step-dash': [7, 3], 'step-dot': [2, 3], band: [], over: [], 'over-dash': [7, 3], ordered: [], solid: [], dash: [7, 3], dot: [2, 3], dashdot: [9, 3, 2, 3], long: [14, 4], sparse: [2, 7], wide: [], points: [], curve: [], beyond: [4, 4] };
// In a chart of several targets the dash tells them apart too.
const targetDashes = [[], [8, 3], [2, 2], [9, 3, 2, 3], [5, 2], [1, 3], [12, 3], [6, 2, 2, 2, 2, 2]];
