// Decodes what a relay recorded of MQTT connections, by mqtt-packet, which shares nothing with Millrace's own codec.
//
//   mqtt_packets.js < RECORD      RECORD: JSON, a list of {client: BASE64, broker: BASE64}: what each side said
//
// Writes JSON: for each connection its packets by side, in order, and what of each side's bytes is no packet.
'use strict';
const path = require('node:path');
const mqtt = require(path.join(process.env.MILLRACE_TEST_NPM, 'mqtt-packet'));

const HEAD_BYTES = 16; // Of a stamp: whose message it is, and its number.

function plain(key, value) {
  if (key !== 'payload' || value === null || value.type !== 'Buffer') {
    return value;
  }
  const bytes = Buffer.from(value.data);
  return { bytes: bytes.length, head: bytes.subarray(0, HEAD_BYTES).toString('hex') };
}

function decode(bytes, protocolVersion) {
  const packets = [];
  let wrong = null;
  const parser = mqtt.parser({ protocolVersion });
  parser.on('packet', (packet) => packets.push(packet));
  parser.on('error', (error) => { wrong = wrong ?? error.message; });
  let left = null;
  try {
    left = parser.parse(bytes);
  } catch (error) { // It trusts some lengths.
    wrong = wrong ?? error.message;
  }
  return { packets, left, wrong };
}

const record = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const decoded = record.map(({ client, broker }) => {
  const first = decode(Buffer.from(client, 'base64'));
  const version = first.packets[0]?.protocolVersion;
  return { version, client: first, broker: decode(Buffer.from(broker, 'base64'), version) };
});
process.stdout.write(JSON.stringify(decoded, plain));
