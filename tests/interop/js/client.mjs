// A js-libp2p peer: connects to the host at the address given, and uses what the host offers to peers.
// Prints a line for each thing tried: `ok NAME` or `FAIL NAME: why`.
import { noise } from '@chainsafe/libp2p-noise'
import { quic } from '@chainsafe/libp2p-quic'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { deepEqual, ok } from 'node:assert/strict'

const PROTOCOL = '/mcp+p2p/1.0.0'
const address = multiaddr(process.argv[2])
const transport = address.toString().includes('/quic') ? 'quic' : 'tcp'
const transports = transport === 'quic' ? [quic()] : [tcp()]

/** Frames on a stream: four bytes of length, big-endian, then JSON. */
class Wire {
  #stream
  #bytes = Buffer.alloc(0)
  #waiting = new Map()
  #older = []

  constructor(stream) {
    this.#stream = stream
    stream.addEventListener('message', ({ data }) => this.#take(data.subarray()))
    stream.addEventListener('close', () => this.#end())
  }

  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    while (this.#bytes.length >= 4) {
      const end = 4 + this.#bytes.readUInt32BE(0)
      if (this.#bytes.length < end) return
      const frame = JSON.parse(this.#bytes.subarray(4, end).toString('utf8'))
      this.#bytes = this.#bytes.subarray(end)
      const resolve = this.#waiting.get(frame.id) ?? this.#older.shift()?.resolve
      this.#waiting.delete(frame.id)
      resolve?.(frame)
    }
  }

  #end() {
    for (const { reject } of this.#older) reject(new Error('the host ended the stream'))
  }

  send(frame) {
    const body = Buffer.from(JSON.stringify(frame), 'utf8')
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length)
    this.#stream.send(Buffer.concat([head, body]))
    return new Promise((resolve, reject) => {
      if (frame.id !== undefined) this.#waiting.set(frame.id, resolve)
      else this.#older.push({ resolve, reject })
    })
  }

  async ask(id, method, params) {
    const answer = await this.send({ jsonrpc: '2.0', id, method, params })
    if (answer.error) throw new Error(JSON.stringify(answer.error))
    return answer.result
  }
}

let failed = 0
async function attempt(name, work) {
  const late = new Promise((_, reject) => setTimeout(reject, 20_000, new Error('no answer within 20 s')).unref())
  try {
    const said = await Promise.race([work(), late])
    console.log(`ok ${name}${typeof said === 'string' ? ` (${said})` : ''}`)
    return said
  } catch (error) {
    failed += 1
    console.log(`FAIL ${name}: ${error.message.split('\n')[0]}`)
    return undefined
  }
}

const node = await createLibp2p({
  transports,
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify(), ping: ping() }
})
const identified = new Promise(resolve => node.addEventListener('peer:identify', ({ detail }) => resolve(detail)))

const connection = await attempt(`js ${transport} connect`, () => node.dial(address))
if (connection !== undefined) {
  await attempt(`js ${transport} ping`, async () => `${await node.services.ping.ping(address)} ms`)
  await attempt(`js ${transport} identify`, async () => {
    const { agentVersion, protocols } = await identified
    ok(agentVersion.startsWith('tandem/'), agentVersion)
    ok(protocols.includes(PROTOCOL), String(protocols))
    return agentVersion
  })
  const wire = new Wire(await connection.newStream(PROTOCOL))
  await attempt(`js ${transport} tools/list`, async () => {
    const names = (await wire.ask(1, 'tools/list', {})).tools.map(tool => tool.name)
    ok(names.includes('add') && names.includes('echo'), String(names))
    return `${names.length} tools`
  })
  await attempt(`js ${transport} tools/call`, async () => {
    const result = await wire.ask('two', 'tools/call', { name: 'add', arguments: { a: 20, b: 22 } })
    deepEqual(result.structuredContent, { sum: 42 })
  })
  await attempt(`js ${transport} tools/call, 32 at once`, async () => {
    const calls = Array.from({ length: 32 }, (_, a) =>
      wire.ask(100 + a, 'tools/call', { name: 'add', arguments: { a, b: 1 } }))
    const sums = (await Promise.all(calls)).map(result => result.structuredContent.sum)
    deepEqual(sums, Array.from({ length: 32 }, (_, a) => a + 1))
  })
  await attempt(`js ${transport} the older body`, async () => {
    const answer = await wire.send({ tool: 'add', args: { a: 1, b: 2 } })
    deepEqual([answer.ok, answer.result.structuredContent], [true, { sum: 3 }])
  })
  await attempt(`js ${transport} an unknown tool is an error`, async () => {
    const answer = await wire.send({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'none' } })
    deepEqual(answer.error.data.reason, 'not_found')
  })
}
await Promise.race([node.stop(), new Promise(resolve => setTimeout(resolve, 2_000))])
process.exit(failed === 0 ? 0 : 1)
