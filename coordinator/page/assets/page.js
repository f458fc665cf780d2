/* Draws all charts of the page, again when it changes. Everything else stands there without scripts. */

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

// Which trial the charts of a section show. Ranges that they share change with it.
function choose(select) {
  const chosen = charts.filter((chart) => chart.figure.closest('section').id === select.dataset.section && chart.specs.length > 1);
  for (const chart of chosen) chart.choose(select.selectedIndex);
  groupRanges();
  for (const chart of chosen) {
    chart.draw(chart.width);
    chart.makeTable();
  }
  document.getElementById('said').textContent = 'The charts show trial ' + select.value;
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

// A link to a section that is folded unfolds it.
function unfold() {
  const section = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const fold = section && section.querySelector('details.fold');
  if (fold && fold.querySelector('h2')) fold.open = true;
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
  document.querySelectorAll('main table').forEach(makeSortable);
  for (const control of document.querySelectorAll('.choice')) {
    const select = control.querySelector('select');
    select.selectedIndex = 0; // A browser that goes back to the page would keep another one.
    select.addEventListener('change', () => choose(select));
    control.hidden = false;
  }
  for (const button of document.querySelectorAll('button[data-copies]')) {
    button.addEventListener('click', () => copy(button));
  }
  addEventListener('hashchange', unfold);
  unfold();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawAll());
  const opened = [];
  addEventListener('beforeprint', () => {
    for (const fold of document.querySelectorAll('details.fold:not([open])')) {
      fold.open = true;
      opened.push(fold);
    }
    document.documentElement.dataset.theme = 'light';
    drawAll((chart) => (chart.alone ? 690 : 335));
  });
  addEventListener('afterprint', () => {
    delete document.documentElement.dataset.theme;
    for (const fold of opened.splice(0)) fold.open = false;
    drawAll();
  });
  document.documentElement.dataset.drawn = String(charts.length);
}

start();
