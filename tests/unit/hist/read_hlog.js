// Reads what hlog_example writes with hdr-histogram-js and compares every figure.
'use strict';
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const hdr = require('hdr-histogram-js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-hlog-'));
try {
  const file = path.join(folder, 'example.hlog');
  const expected = execFileSync(process.argv[2], [file], { encoding: 'utf8' })
    .trim().split('\n').map((line) => JSON.parse(line));
  const reader = new hdr.HistogramLogReader(fs.readFileSync(file, 'utf8'), 64);
  let lines = 0;
  for (let h = reader.nextIntervalHistogram(); h != null; h = reader.nextIntervalHistogram()) {
    const want = expected[lines++];
    assert.strictEqual(h.tag, want.tag);
    assert.strictEqual(Math.round(h.startTimeStampMsec), want.start_ms);
    assert.strictEqual(Math.round(h.endTimeStampMsec), want.start_ms + 1000);
    assert.strictEqual(h.totalCount, want.count);
    if (want.count === 0) {
      continue;
    }
    assert.ok(h.maxValue >= want.max && h.maxValue <= want.max * 1.001 + 1);
    assert.ok(h.minNonZeroValue <= want.min && h.minNonZeroValue >= want.min / 1.001 - 1);
    assert.ok(Math.abs(h.mean / want.mean - 1) < 0.001);
    for (const [percentile, value] of Object.entries(want.percentiles)) {
      const read = h.getValueAtPercentile(Number(percentile));
      assert.strictEqual(Math.min(read, want.max), value, `${want.tag} p${percentile}`);
    }
  }
  assert.strictEqual(lines, expected.length);
} finally {
  fs.rmSync(folder, { recursive: true });
}
