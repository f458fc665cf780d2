/*
 * Loads a report in headless Chromium, as a reader would:
 *
 *   node check_report.js REPORT.html...
 *
 * In light and dark, at desk and phone width: no error on the console, no request, every chart drawn, no
 * page wider than the screen; tables, keyboard, copy button and printing work. Exit 0, 1 with one line per
 * fault, or 77 with the reason when there is no browser to do it with. CHROMIUM names another browser;
 * MILLRACE_TEST_NPM_DIR is where playwright-core lies.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');

const SKIPPED = 77;
const chromiumPath = process.env.CHROMIUM || '/usr/bin/chromium';
const flags = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const heights = { quickstart: 2500, sweep: 5000 }; // As loaded, at desk width.
const screens = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
];

function skip(reason) {
  console.log('skipped: ' + reason);
  process.exit(SKIPPED);
}

function loadPlaywright() {
  const folder = process.env.MILLRACE_TEST_NPM_DIR;
  try {
    return require(folder ? path.join(folder, 'playwright-core') : 'playwright-core');
  } catch (error) {
    return skip('playwright-core is not there (' + error.code + ')');
  }
}

// Runs within the page: what each chart's canvas shows.
function lookAtCharts() {
  const greyness = 24; // Axes and grid are grey; a line of a target is not.
  // Read from a copy: a canvas that is read itself would be moved out of the GPU, with a warning.
  const copy = document.createElement('canvas');
  const context = copy.getContext('2d', { willReadFrequently: true });
  return Array.from(document.querySelectorAll('figure.chart')).map((figure) => {
    const canvas = figure.querySelector('canvas');
    if (!canvas || canvas.width === 0) return { id: figure.id, painted: 0, coloured: 0 };
    copy.width = canvas.width;
    copy.height = canvas.height;
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    let painted = 0;
    let coloured = 0;
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue;
      painted++;
      sum = (sum * 31 + data[i] + 7 * data[i + 1] + 13 * data[i + 2]) % 1000000007;
      const most = Math.max(data[i], data[i + 1], data[i + 2]);
      if (data[i + 3] > 100 && most - Math.min(data[i], data[i + 1], data[i + 2]) > greyness) coloured++;
    }
    return { id: figure.id, painted, coloured, sum };
  });
}

// Runs within the page: what a keyboard or a screen reader would miss.
function lookAtTables() {
  const faults = [];
  for (const frame of document.querySelectorAll('main .scroll')) {
    if (frame.querySelector('svg')) {
      if (frame.tabIndex !== 0 || !frame.getAttribute('aria-label') || !frame.querySelector('svg[role=img][aria-label]')) faults.push('a picture cannot be reached or has no name');
      continue;
    }
    const table = frame.querySelector('table');
    const name = frame.getAttribute('aria-label');
    if (frame.tabIndex !== 0 || frame.getAttribute('role') !== 'region' || !name) {
      faults.push('a table cannot be reached or has no name: ' + table.textContent.slice(0, 40));
    }
    if (!table.querySelector('thead th[scope=col]')) faults.push('table "' + name + '" has no column headings');
    if (!table.querySelector('tbody th[scope=row]')) faults.push('table "' + name + '" has no row headings');
  }
  for (const plot of document.querySelectorAll('.plot')) {
    if (plot.tabIndex !== 0 || !plot.getAttribute('aria-label')) faults.push('a chart has no name');
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push('there is not exactly one h1');
  return faults;
}

class Check {
  constructor(page, where, file, screen) {
    this.page = page;
    this.file = file;
    this.screen = screen;
    this.where = where;
    this.faults = [];
  }

  fault(text) {
    this.faults.push(this.where + ': ' + text);
  }

  listen(url) {
    this.page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.fault('console: ' + message.text());
    });
    this.page.on('pageerror', (error) => this.fault('error: ' + error.message));
    this.page.on('dialog', (dialog) => {
      this.fault('a dialog opened: ' + dialog.message());
      dialog.dismiss().catch(() => {});
    });
    this.page.on('request', (request) => {
      const asked = request.url();
      if (asked !== url && !asked.startsWith('data:')) this.fault('asked for ' + asked);
    });
  }

  // As loaded only some sections are open; what is folded is drawn once it is opened.
  async unfold() {
    await this.page.evaluate(async () => {
      document.querySelectorAll('details.fold').forEach((fold) => { fold.open = true; });
      for (let i = 0; i < 100 && Array.from(document.querySelectorAll('figure.chart')).some((figure) => !figure.querySelector('canvas')); i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
  }

  async charts() {
    const figures = await this.page.locator('figure.chart').count();
    const drawn = await this.page.evaluate(() => document.documentElement.dataset.drawn);
    if (drawn !== String(figures)) this.fault('the script drew ' + drawn + ' of ' + figures + ' charts');
    for (const chart of await this.page.evaluate(lookAtCharts)) {
      if (chart.painted === 0) this.fault(chart.id + ' is blank');
      else if (chart.coloured < 10) this.fault(chart.id + ' has axes but no line');
    }
  }

  // A page is read from its top: what is long stands behind a fold.
  async height() {
    const limit = heights[path.basename(path.dirname(this.file))];
    const has = await this.page.evaluate(() => document.documentElement.scrollHeight);
    if (limit && this.screen.width > 1000 && has > limit) this.fault('the page is ' + has + ' px high as loaded, more than ' + limit);
  }

  async width() {
    const [has, may] = await this.page.evaluate(() => [
      document.documentElement.scrollWidth, document.documentElement.clientWidth,
    ]);
    if (has > may) this.fault('the page is ' + has + ' px wide on a screen of ' + may);
  }

  async tables() {
    for (const text of await this.page.evaluate(lookAtTables)) this.fault(text);
    const behind = await this.page.evaluate(async () => {
      const faults = [];
      for (const figure of document.querySelectorAll('figure.chart')) {
        const details = figure.querySelector('details');
        details.open = true;
        await new Promise((resolve) => setTimeout(resolve, 0));
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const rows = figure.querySelectorAll('tbody tr').length;
        if (rows === 0) faults.push(figure.id + ' has no table behind it');
        details.open = false;
      }
      return faults;
    });
    behind.forEach((text) => this.fault(text));
  }

  async keyboard() {
    const plot = this.page.locator('.plot').first();
    if ((await plot.count()) === 0) return;
    await plot.focus();
    await this.page.keyboard.press('ArrowRight');
    await this.page.keyboard.press('ArrowRight');
    const said = await this.page.locator('#said').textContent();
    if (!/^At .+: .+/.test(said)) this.fault('arrow keys say "' + said + '"');
    const cursors = await this.page.evaluate(() => Array.from(document.querySelectorAll('.legend .at')).filter((at) => at.textContent).length);
    if (cursors === 0) this.fault('arrow keys move no cursor');
  }

  // Another trial is chosen by keyboard, and the charts, their names and tables are its.
  async choice() {
    const select = this.page.locator('.choice select');
    if ((await select.count()) === 0) return;
    const look = () => this.page.evaluate(() => Array.from(document.querySelectorAll('#timeline figure.chart'), (figure) => ({
      caption: figure.querySelector('figcaption').textContent,
      name: figure.querySelector('.plot').getAttribute('aria-label'),
      table: figure.querySelector('tbody').textContent,
      others: 'others' in JSON.parse(figure.querySelector('script').textContent),
    })));
    const open = (value) => this.page.evaluate(async (on) => {
      document.querySelectorAll('#timeline figure details').forEach((details) => { details.open = on; });
      await new Promise((resolve) => setTimeout(resolve, 0));
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }, value);
    if (!(await select.isVisible())) this.fault('the choice of trials is not to be seen');
    await open(true);
    const before = await look();
    const sums = await this.page.evaluate(lookAtCharts);
    if (before.some((chart) => !chart.others)) this.fault('a chart over time has one trial only');
    await select.focus();
    await this.page.keyboard.press('ArrowDown');
    const after = await look();
    const drawn = await this.page.evaluate(lookAtCharts);
    const said = await this.page.locator('#said').textContent();
    if (said !== 'The charts show trial 2') this.fault('choosing a trial says "' + said + '"');
    let changed = 0;
    after.forEach((chart, i) => {
      if (!chart.name.includes(chart.caption)) this.fault('the name of a chart is not that of its trial: ' + chart.name);
      if (!chart.caption.includes('trial 2 of')) return;
      changed++;
      if (before[i].caption.includes('trial 2 of')) this.fault('trial 2 was shown before: ' + before[i].caption);
      if (chart.caption.includes(' sent') && chart.table === before[i].table) this.fault('the table is that of the trial before: ' + chart.caption);
      if (chart.caption.includes(' sent') && drawn[i].sum === sums[i].sum) this.fault('the chart is that of the trial before: ' + chart.caption);
    });
    if (changed === 0) this.fault('no chart shows trial 2');
    await this.charts();
    await this.page.keyboard.press('Home');
    const again = await look();
    if (JSON.stringify(again) !== JSON.stringify(before)) this.fault('the first trial does not come back as it was');
    await open(false);
  }

  // Cursors of charts that share an axis move together.
  async cursors() {
    const plots = this.page.locator('.plot');
    if ((await plots.count()) < 2) return;
    await plots.first().hover();
    const [shown, shared] = await this.page.evaluate(() => {
      const kinds = Array.from(document.querySelectorAll('figure.chart'), (f) => JSON.parse(f.querySelector('script').textContent).kind);
      const at = Array.from(document.querySelectorAll('.legend .at'), (span) => span.textContent !== '');
      return [at.filter((there, i) => there && kinds[i] === kinds[0]).length, kinds.filter((k) => k === kinds[0]).length];
    });
    if (shown < shared) this.fault('the cursor shows in ' + shown + ' of ' + shared + ' charts of one axis');
  }

  // The pointer over a chart: values beside it, in that chart only, and none once it is gone.
  async tips() {
    const plots = this.page.locator('.plot');
    for (let i = 0; i < Math.min(await plots.count(), 6); i++) {
      await plots.nth(i).scrollIntoViewIfNeeded();
      await plots.nth(i).hover();
      const shown = await this.page.evaluate(() => Array.from(document.querySelectorAll('.tip'), (tip) => (tip.hidden ? '' : tip.textContent)));
      if (shown.filter(Boolean).length !== 1 || !shown[i]) this.fault('the pointer over chart ' + i + ' shows ' + JSON.stringify(shown));
    }
    await this.page.mouse.move(0, 0);
    const left = await this.page.evaluate(() => Array.from(document.querySelectorAll('.tip')).filter((tip) => !tip.hidden).length);
    if (left > 0) this.fault(left + ' values stay where the pointer was');
  }

  // A table that can be sorted: by its last column, most first and least first, and it keeps its rows.
  async sorting() {
    const faults = await this.page.evaluate(() => {
      const texts = (table) => Array.from(table.tBodies[0].rows, (row) => row.textContent);
      const found = [];
      for (const table of Array.from(document.querySelectorAll('main table')).filter((one) => one.querySelector('.sort'))) {
        const before = texts(table);
        const heads = table.tHead.rows[0].cells;
        const worths = () => Array.from(table.tBodies[0].rows, (row) => worthShown(row.cells[heads.length - 1].textContent));
        const rising = (list) => list.every((v, i) => i === 0 || typeof v !== 'number' || typeof list[i - 1] !== 'number' || list[i - 1] <= v);
        heads[heads.length - 1].querySelector('.sort').click();
        const first = worths();
        heads[heads.length - 1].querySelector('.sort').click();
        const second = worths();
        if (first.every((v) => typeof v === 'number') && !rising(first) && !rising(first.slice().reverse())) found.push('is not in order: ' + first.slice(0, 5));
        if (first.every((v) => typeof v === 'number') && first.join() !== second.join() && !rising(second) && !rising(second.slice().reverse())) found.push('is not in the other order: ' + second.slice(0, 5));
        if (texts(table).sort().join() !== before.sort().join()) found.push('has other rows once it is sorted');
      }
      return found;

      // Independent of the page's own: a number and its unit.
      function worthShown(text) {
        const [, number, unit] = /^(\d[\d.\s]*)(ns|[uµ]s|ms|s)?/.exec(text.trim()) || [];
        const worth = number === undefined ? NaN : Number(number.replace(/\s/g, '')) * ({ us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9 }[unit] || 1);
        return Number.isNaN(worth) ? text : worth; // A version has several dots.
      }
    });
    faults.forEach((text) => this.fault('a table ' + text));
  }

  // A chart's values as a file: as many lines as its table has, with the same number of fields.
  async csv() {
    const details = this.page.locator('figure.chart details').first();
    if ((await details.count()) === 0) return;
    await details.locator('summary').click();
    const [download] = await Promise.all([this.page.waitForEvent('download', { timeout: 5000 }), details.locator('button').click()]);
    const lines = fs.readFileSync(await download.path(), 'utf8').trimEnd().split('\n');
    const [rows, columns] = await details.evaluate((one) => [one.querySelectorAll('tr').length, one.querySelectorAll('thead th').length]);
    if (lines.length !== rows) this.fault('a CSV of ' + lines.length + ' lines is of a table of ' + rows);
    if (lines.some((line) => line.split(',').length !== columns)) this.fault('a CSV has lines of other than ' + columns + ' fields');
    await details.locator('summary').click();
  }

  async copying() {
    const button = this.page.locator('button[data-copies]').last();
    if ((await button.count()) === 0) {
      this.fault('there is nothing to copy');
      return;
    }
    await button.click();
    await this.page.waitForFunction((b) => b.textContent !== 'Copy', await button.elementHandle(), { timeout: 3000 })
      .catch(() => {});
    const label = await button.textContent();
    if (label !== 'Copied') this.fault('the copy button says "' + label + '"');
    const [copied, wanted] = await this.page.evaluate(async () => {
      const buttons = document.querySelectorAll('button[data-copies]');
      const code = document.getElementById(buttons[buttons.length - 1].dataset.copies);
      return [await navigator.clipboard.readText(), code.textContent];
    });
    if (copied !== wanted) this.fault('something else was copied: "' + copied.slice(0, 40) + '"');
  }

  // The reader's setting changes while the page is open.
  async themes(colorScheme) {
    const before = await this.page.evaluate(lookAtCharts);
    await this.page.emulateMedia({ colorScheme: colorScheme === 'light' ? 'dark' : 'light' });
    let after = before;
    // On a busy host drawing all of them again takes a while.
    for (let i = 0; i < 100 && before.some((chart, j) => chart.sum === after[j].sum); i++) {
      await this.page.waitForTimeout(100);
      after = await this.page.evaluate(lookAtCharts);
    }
    before.forEach((chart, i) => {
      if (chart.sum === after[i].sum) this.fault(chart.id + ' was not drawn again in the other colours');
    });
    await this.page.emulateMedia({ colorScheme });
  }

  async printing() {
    const pdf = await this.page.pdf({ format: 'A4' });
    if (pdf.length < 10000) this.fault('it prints as ' + pdf.length + ' bytes');
    await this.page.waitForTimeout(100);
    await this.charts();
  }
}

async function checkOn(browser, file, screen) {
  const url = pathToFileURL(path.resolve(file)).href;
  const context = await browser.newContext({
    colorScheme: screen.colorScheme, viewport: { width: screen.width, height: 850 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  const check = new Check(page, path.basename(path.dirname(file)) + '/' + path.basename(file) + ' (' + screen.colorScheme + ', ' + screen.width + ' px)', file, screen);
  try {
    check.listen(url);
    await page.goto(url, { waitUntil: 'load' });
    await page.waitForFunction(() => document.documentElement.dataset.drawn !== undefined, null, { timeout: 10000 });
    await check.height();
    await check.unfold();
    await check.charts();
    await check.width();
    await check.tables();
    await check.keyboard();
    await check.choice();
    await check.cursors();
    if (screen.width > 1000) {
      await check.tips();
      await check.csv();
      await check.sorting();
    }
    await check.copying();
    await check.themes(screen.colorScheme);
    if (screen.width > 1000) await check.printing();
    await check.width();
  } catch (error) {
    check.fault(error.message);
  }
  await context.close();
  return check.faults;
}

// Without scripts the first trial is named, and what can't be chosen is not offered.
async function checkWithoutScripts(browser, file) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const faults = [];
  await page.goto(pathToFileURL(path.resolve(file)).href);
  for (const choice of await page.locator('.choice').all()) {
    if (await choice.isVisible()) faults.push(file + ': without scripts a trial is offered to be chosen');
    const captions = (await page.locator('#timeline figcaption').allTextContents()).filter((text) => / trial \d+ of /.test(text));
    if (captions.length === 0 || captions.some((text) => !text.includes('trial 1 of '))) faults.push(file + ': without scripts another than the first trial is named');
  }
  await context.close();
  return faults;
}

// Ranges of axes are not to be seen in a canvas: their functions are called by themselves.
function checkRanges() {
  const assets = path.join(__dirname, '..', '..', '..', 'coordinator', 'page', 'assets');
  const script = ['layers.js', 'intervals.js', 'scales.js'].map((name) => fs.readFileSync(path.join(assets, name), 'utf8')).join('\n');
  const { rangeOf } = new Function(script + '\nreturn { rangeOf };')();
  const series = (style, values) => ({ style, values });
  const spec = (unit, log, ...list) => [{ unit, log, tables: [{ x: [1, 2], series: list }] }];
  const faults = [];
  const expect = (what, range, low, high) => {
    if (!(range[0] >= low && range[1] <= high)) faults.push(what + ': the axis goes from ' + range[0] + ' to ' + range[1]);
  };
  expect('a rate below zero', rangeOf(spec('rate', false, series('solid', [5, 10]), series('low', [-20, 9]), series('high', [12, 11]))), 0, 15);
  expect('a latency below zero', rangeOf(spec('ns', true, series('solid', [5e3, 1e4]), series('low', [-9e3, 9e3]), series('high', [2e4, 2e4]))), 1e3, 1e5);
  expect('a latency of which the interval ends just above zero', rangeOf(spec('ns', true, series('solid', [3e3, 5e3]), series('low', [1, 2e3]), series('high', [9e9, 8e3]))), 200, 5e4);
  expect('a change of two pairs', rangeOf(spec('change', false, series('points', [10, 40]), series('low', [-90, 30]), series('high', [350000, 50]))), -150, 150);
  return faults;
}

// Texts beside lines and axes are painted: their functions are called by themselves, too.
function checkTexts() {
  const assets = path.join(__dirname, '..', '..', '..', 'coordinator', 'page', 'assets');
  const script = ['numbers.js', 'layers.js', 'intervals.js', 'scales.js', 'chart.js'].map((name) => fs.readFileSync(path.join(assets, name), 'utf8')).join('\n');
  const document = { createElement: () => ({ getContext: () => ({ measureText: (text) => ({ width: 7 * text.length }) }) }) };
  const { Chart, axisText, lookOf, fitted } = new Function('document', script + '\nreturn { Chart, axisText, lookOf, fitted };')(document);
  const faults = [];
  const same = (what, got, wanted) => {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) faults.push(what + ': ' + JSON.stringify(got) + ', wanted ' + JSON.stringify(wanted));
  };
  const texts = (...labels) => labels.map((label) => Chart.prototype.labelText.call({ list: labels.map((one) => ({ label: one, style: 'solid' })) }, { label }));
  same('cases of one target', texts('memory/subscriptions=1', 'memory/subscriptions=4'), ['subscriptions=1', 'subscriptions=4']);
  same('long names', texts('a-very-long-target-name', 'another-long-target-name'), ['a-very-long-targe…', 'another-long-targ…']);
  same('long names that differ late', texts('one-long-target-name-1', 'one-long-target-name-2'), ['…ong-target-name-1', '…ong-target-name-2']);
  same('one name', texts('memory/response'), ['memory/response']);
  same('shares of a core', [0.025, 0.05, 1, 1.5].map((v) => axisText(v, 1.5, 'cores')), ['0.025 cores', '0.05 cores', '1 core', '1.5 cores']);
  const cut = (text) => fitted(text, 90, { font: () => '' });
  same('names along an axis', [cut('acknowledged'), cut('memory/acknowledged')], ['acknowledged', '…cknowledged']);
  const dash = (style, target) => lookOf({ kind: 'time' }, { style, target }, true, { target: () => '#000000' }).dash;
  same('dashes differ', new Set([dash('solid', 0), dash('solid', 1), dash('dash', 0), dash('dot', 0), dash('dashdot', 0), dash('long', 0), dash('sparse', 0)].map(String)).size, 7);
  return faults;
}

async function main(files) {
  if (files.length === 0) {
    console.error('usage: node check_report.js REPORT.html...');
    return 2;
  }
  if (!fs.existsSync(chromiumPath)) skip(chromiumPath + ' is not there (Debian: chromium)');
  const { chromium } = loadPlaywright();
  const browser = await chromium.launch({ executablePath: chromiumPath, args: flags });
  const faults = checkRanges().concat(checkTexts());
  let checked = 0;
  for (const file of files) {
    // Every screen once; further reports are other contents on the two that differ most.
    for (const screen of file === files[0] ? screens : [screens[0], screens[3]]) {
      faults.push(...await checkOn(browser, file, screen));
      checked++;
    }
    faults.push(...await checkWithoutScripts(browser, file));
  }
  await browser.close();
  faults.forEach((text) => console.log(text));
  console.log(files.length + ' report(s), ' + checked + ' screens: ' + (faults.length === 0 ? 'all well' : faults.length + ' fault(s)'));
  return faults.length === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then((code) => process.exit(code), (error) => {
  console.error(error.message);
  process.exit(1);
});
