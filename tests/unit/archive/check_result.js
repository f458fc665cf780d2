// Reads what result_example writes as a user's script would, and holds it against what scripts rely on.
'use strict';
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const TOP = ['schema', 'run_id', 'name', 'verdict', 'exit_code', 'reasons', 'started_unix_ns', 'ended_unix_ns', 'seed',
  'command', 'scenario', 'scenario_sha256', 'versions', 'agents', 'cases', 'objectives', 'selfcheck', 'insights'];
const AGENT = ['name', 'host', 'kernel', 'cpus', 'memory_bytes', 'version', 'lost', 'start_skew_ns', 'clock'];
const CASE = ['name', 'backend', 'target', 'variant', 'parameters', 'status', 'reason', 'broker_version', 'equivalence',
  'phases', 'trials'];
const PHASE = ['name', 'flow', 'measured', 'duration_ns', 'rates', 'delivery', 'latency_ns'];
const RATES = ['asked_per_s', 'sent_per_s', 'acked_per_s', 'received_per_s', 'sent_bytes_per_s', 'received_bytes_per_s'];
const DELIVERY = ['sent', 'acked', 'refused', 'unconfirmed', 'expected', 'received', 'lost', 'duplicated', 'reordered',
  'corrupted', 'expired', 'unaccounted', 'unexpected', 'errors'];
const LATENCY = ['samples', 'censored', 'min', 'mean', 'p50', 'p90', 'p95', 'p99', 'p99_9', 'p99_99', 'max', 'over_range',
  'below_resolution'];
const SERIES = ['publish', 'publish_service', 'e2e', 'e2e_service', 'send_lag', 'call', 'consume_ack', 'connect'];
const INTERVAL = ['case', 'trial', 'index', 'start_s', 'length_s', 'complete', 'due', 'sent', 'acked', 'received',
  'refused', 'unconfirmed', 'errors', 'backlog', 'clients_down'];

function has(object, keys, what) {
  for (const key of keys) {
    assert.ok(key in object, `${what} has no ${key}`);
  }
}

function checkLatency(latency, what) {
  assert.deepStrictEqual(Object.keys(latency), LATENCY, what);
  for (const key of LATENCY) {
    assert.strictEqual(typeof latency[key], 'number', `${what}.${key}`);
  }
  assert.ok(latency.samples > 0, what);
  const rising = ['min', 'p50', 'p90', 'p95', 'p99', 'p99_9', 'p99_99', 'max'].map((key) => latency[key]);
  assert.deepStrictEqual(rising, [...rising].sort((a, b) => a - b), what);
}

function checkPhase(phase, what) {
  has(phase, PHASE, what);
  assert.ok(phase.flow === null || phase.flow.length > 0, what);
  assert.strictEqual(typeof phase.measured, 'boolean');
  assert.deepStrictEqual(Object.keys(phase.rates), RATES, what);
  assert.deepStrictEqual(Object.keys(phase.delivery), DELIVERY, what);
  for (const [series, latency] of Object.entries(phase.latency_ns)) {
    assert.ok(SERIES.includes(series), series);
    checkLatency(latency, `${what} ${series}`);
  }
}

function checkResult(result) {
  has(result, TOP, 'the result');
  assert.strictEqual(result.schema, 'millrace.result/1');
  assert.strictEqual(result.verdict, 'fail');
  assert.strictEqual(result.exit_code, 1);
  assert.strictEqual(result.seed, '4711');
  assert.strictEqual(result.started_unix_ns, '1770300202000000000'); // Beyond 2^53.
  assert.ok(result.reasons.length > 0);
  result.reasons.forEach((reason) => has(reason, ['code', 'case', 'text'], 'a reason'));
  assert.ok(result.scenario.yaml.startsWith('millrace: 1\n'));
  assert.strictEqual(result.versions.millrace, '0.1.0');
  assert.strictEqual(result.cut_off, false);
  assert.ok(!('cut_off_unix_ns' in result));
  result.agents.forEach((agent) => {
    has(agent, AGENT, 'an agent');
    has(agent.clock, ['offset_ns', 'bound_ns', 'drift_ppb'], 'a clock');
  });
  assert.deepStrictEqual(result.cases.map((c) => c.status), ['measured', 'measured', 'measured', 'skipped']);
  for (const c of result.cases) {
    has(c, CASE, 'a case');
    c.phases.forEach((phase) => checkPhase(phase, `${c.name} ${phase.name}`));
    for (const trial of c.trials) {
      has(trial, ['number', 'phases', 'outages', 'outages_untold', 'notices'], 'a trial');
      trial.outages.forEach((outage) => {
        has(outage, ['kind', 'client', 'down_ns', 'text'], 'an outage');
        assert.strictEqual(outage.client === null, outage.kind === 'broker');
      });
      trial.phases.forEach((phase) => checkPhase(phase, `${c.name} trial ${trial.number} ${phase.name}`));
    }
  }
  result.objectives.forEach((objective) => {
    has(objective, ['text', 'case', 'phase', 'met', 'limit', 'unit', 'samples', 'reason'], 'an objective');
    assert.strictEqual('observed' in objective, objective.met !== null);
  });
  assert.deepStrictEqual(new Set(result.objectives.map((o) => o.met)), new Set([true, false, null]));
}

function checkAwkward(result) {
  assert.strictEqual(result.name, 'a "name"\n\\ with \x01 ? { [ , : \u00e9');
  assert.strictEqual(result.seed, '18446744073709551615');
  assert.strictEqual(result.cut_off, true);
  assert.strictEqual(result.cut_off_unix_ns, '1770300262123456789');
  const [first, second] = result.cases[0].phases;
  assert.strictEqual(first.delivery.sent, '9007199254740993');
  assert.strictEqual(first.delivery.acked, 9007199254740992);
  assert.deepStrictEqual(Object.keys(first.rates), ['received_per_s', 'sent_bytes_per_s', 'received_bytes_per_s']);
  assert.strictEqual(first.rates.received_per_s, 0.1);
  assert.deepStrictEqual(second.rates, {}); // Over no time there is no rate.
}

function checkIntervals(lines, result) {
  assert.strictEqual(lines.pop(), '');
  assert.ok(lines.length > 0);
  for (const line of lines) {
    const row = JSON.parse(line);
    has(row, INTERVAL, 'an interval');
    assert.ok(result.cases.some((c) => c.name === row.case && c.trials.some((t) => t.number === row.trial)));
    for (const series of ['e2e', 'publish', 'send_lag']) {
      if (series in row) {
        assert.deepStrictEqual(Object.keys(row[series]), ['samples', 'p50_ns', 'p99_ns', 'max_ns']);
        assert.ok(row[series].samples > 0);
      }
    }
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-result-'));
try {
  execFileSync(process.argv[2], [folder]);
  const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
  const result = JSON.parse(read('result.json'));
  checkResult(result);
  checkIntervals(read('intervals.jsonl').split('\n'), result);
  checkAwkward(JSON.parse(read('awkward.json')));
  assert.ok(!/\b(nan|inf)/i.test(read('awkward.json').replace(/"(\\.|[^"\\])*"/g, '')));
  // Pleasant to read: no line of nested things, no digits that say nothing.
  assert.match(read('awkward.json'), /"received_per_s": 0\.1,/);
} finally {
  fs.rmSync(folder, { recursive: true });
}
