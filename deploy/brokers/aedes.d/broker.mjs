// An aedes that listens at ADDRESS and PORT; with a folder of certificates by TLS only, and with USER:PASS for that login only.
// usage: broker.mjs PACKAGES ADDRESS PORT CERTIFICATES|- LOGIN|- OPTION=NUMBER...
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import tls from 'node:tls'
import { pathToFileURL } from 'node:url'

const [packages, address, port, certificates, login, ...options] = process.argv.slice(2)
const { Aedes } = await import(pathToFileURL(createRequire(`${packages}/package.json`).resolve('aedes')))
const set = options.map((option) => [option.split('=')[0], Number(option.split('=')[1])])
const NOT_AUTHORIZED = 5 // MQTT 3.1.1, table 3.1

// Its limits are meant for a broker's daily life, and would cut a load test.
const broker = await Aedes.createBroker({ concurrency: 10000, maxInflightInbound: 0, ...Object.fromEntries(set) })
if (login !== '-') {
  broker.authenticate = (client, user, password, done) => {
    const comes = `${user}:${password}` === login
    done(comes ? null : Object.assign(new Error('not authorized'), { returnCode: NOT_AUTHORIZED }), comes)
  }
}
const secured = certificates === '-' ? null : {
  cert: readFileSync(`${certificates}/server.pem`), key: readFileSync(`${certificates}/server.key`)
}
// Without noDelay, Nagle's algorithm and delayed acknowledgements add up to 40 ms to a message.
const server = secured ? tls.createServer({ ...secured, noDelay: true }, broker.handle) : net.createServer({ noDelay: true }, broker.handle)
server.listen(Number(port), address)
