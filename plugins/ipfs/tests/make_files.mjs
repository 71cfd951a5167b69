// Makes the files of the tests, and prints the CIDs that they expect. Needs: npm i ipfs-unixfs-importer @ipld/car @ipld/dag-pb @ipld/dag-cbor
// @ipld/dag-json multiformats
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { CarWriter } from '@ipld/car'
import * as dagPB from '@ipld/dag-pb'
import * as dagCBOR from '@ipld/dag-cbor'
import * as dagJSON from '@ipld/dag-json'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256, sha512 } from 'multiformats/hashes/sha2'
import { identity } from 'multiformats/hashes/identity'
import fs from 'fs'
const out = new URL('./files/', import.meta.url).pathname
class Mem { m = new Map(); async put(c, b) { const parts=[]; if (b instanceof Uint8Array) parts.push(b); else for await (const x of b) parts.push(x); this.m.set(c.toString(), [c, Buffer.concat(parts)]); return c } async *get(c) { yield this.m.get(c.toString())[1] } async has(c){return this.m.has(c.toString())} }
async function imp(files, o = {}) {
  const s = new Mem(); let last
  for await (const e of importer(files, s, { cidVersion: 0, rawLeaves: false, layout: balanced({ maxChildrenPerNode: 174 }), chunker: fixedSize({ chunkSize: o.chunk ?? 262144 }), shardSplitThresholdBytes: 262144, wrapWithDirectory: false, ...o })) last = e
  return [last.cid, s]
}
async function car(name, roots, blocks) {
  const { writer, out: o } = CarWriter.create(roots)
  const parts = []; const p = (async () => { for await (const c of o) parts.push(c) })()
  for (const [cid, bytes] of blocks) await writer.put({ cid, bytes })
  await writer.close(); await p
  fs.writeFileSync(out + name, Buffer.concat(parts))
}
const te = new TextEncoder()
const V1 = { cidVersion: 1, rawLeaves: true }
const report = async (n, f, o) => { const [c, s] = await imp(f, o); console.log(n, c.toString(), s.m.size); return [c, s] }
const f1 = (content, path) => [{ path: path ?? 'x', content }]
await report('hello v0', f1(te.encode('hello world\n')))
await report('hello v1', f1(te.encode('hello world\n')), V1)
await report('hello v0 raw', f1(te.encode('hello world\n')), { cidVersion: 0, rawLeaves: true })
await report('hello v1 noraw', f1(te.encode('hello world\n')), { cidVersion: 1, rawLeaves: false })
await report('empty v0', f1(new Uint8Array()))
await report('empty v1', f1(new Uint8Array()), V1)
const Z = new Uint8Array(600000); fs.writeFileSync(out + 'zeros.bin', Z); await report('zeros v0', f1(Z)); await report('zeros v1', f1(Z), V1)
const lines = n => te.encode(Array.from({ length: n }, (_, i) => `line ${i}\n`).join(''))
const L = lines(1000); fs.writeFileSync(out + 'lines.txt', L); console.log('lines bytes', L.length)
await report('lines v0', f1(L)); await report('lines v1', f1(L), V1)
await report('lines v0 16', f1(L), { chunk: 16 }); await report('lines v1 16', f1(L), { ...V1, chunk: 16 })
const exact = L.slice(0, 174 * 16); fs.writeFileSync(out + 'exact.txt', exact); await report('exact174 v0', f1(exact), { chunk: 16 })
const over = L.slice(0, 174 * 16 + 1); await report('over174 via text? ', f1(over), { chunk: 16 })
fs.writeFileSync(out + 'over.txt', over)
const tree = [{ path: 'tree/hello.txt', content: te.encode('hello world\n') }, { path: 'tree/docs/guide.md', content: te.encode('# Guide\n') }, { path: 'tree/docs/deep/note.md', content: te.encode('deep\n') }, { path: 'tree/empty.txt', content: new Uint8Array() }]
for (const t of tree) { fs.mkdirSync(out + t.path.split('/').slice(0, -1).join('/'), { recursive: true }); fs.writeFileSync(out + t.path, t.content) }
{ const [c, s] = await report('tree v0', tree); await car('tree.car', [c], s.m.values()) }
{ const [c, s] = await report('tree v1', tree, V1); await car('tree-v1.car', [c], s.m.values()) 
  const w = fs.readFileSync(out+'tree-v1.car'); const pragma = Buffer.from('0aa16776657273696f6e02','hex'); const h = Buffer.alloc(40); h.writeBigUInt64LE(51n,16); h.writeBigUInt64LE(BigInt(w.length),24); fs.writeFileSync(out+'tree-v2.car', Buffer.concat([pragma,h,w])); const h2 = Buffer.from(h); h2.writeBigUInt64LE(2n**60n,24); fs.writeFileSync(out+'v2-outside.car', Buffer.concat([pragma,h2,w])) }
{ const [c, s] = await report('wrap hello+guide v0', [{ path: 'hello.txt', content: te.encode('hello world\n') }, { path: 'guide.md', content: te.encode('# Guide\n') }], { wrapWithDirectory: true }) }
{ const many = Array.from({ length: 300 }, (_, i) => ({ path: `shard/f${i}.txt`, content: te.encode(`${i % 3}`) })); const [c, s] = await report('shard v1', many, { ...V1, shardSplitThresholdBytes: 1000 }); await car('shard.car', [c], s.m.values()) }
{ const [c, s] = await report('chunks', f1(L.slice(0, 5000)), { ...V1, chunk: 1024 }); await car('chunks.car', [c], s.m.values()) }
// dag-cbor and dag-json
const blk = async (codec, v, hasher = sha256) => { const b = codec.encode(v); const c = CID.createV1(codec.code, await hasher.digest(b)); return [c, b] }
const leaf = await blk(raw, te.encode('raw bytes'))
const j = await blk(dagJSON, { hello: 'json', bytes: new Uint8Array([1, 2, 3]), to: leaf[0] })
const n = await blk(dagCBOR, { name: 'node', list: [1, -2, 3.5, null, true], bytes: new Uint8Array([255, 0]), next: j[0], raw: leaf[0], inline: CID.createV1(0x55, identity.digest(te.encode('inline'))) })
const s5 = await blk(dagCBOR, { root: n[0] }, sha512)
await car('dag.car', [s5[0], n[0]], [s5, n, j, leaf]); console.log('dag', s5[0].toString(), n[0].toString(), j[0].toString(), leaf[0].toString())
// hostile
const deepB = Buffer.concat([Buffer.alloc(10000, 0x81), Buffer.from([0x01])]); const deep = [CID.createV1(0x71, await sha256.digest(deepB)), deepB]; await car('deep-cbor.car', [deep[0]], [deep])
const okB = Buffer.concat([Buffer.alloc(99, 0x81), Buffer.from([0x01])]); const ok = [CID.createV1(0x71, await sha256.digest(okB)), okB]; await car('nested-99.car', [ok[0]], [ok])
const dj = te.encode('['.repeat(10000) + ']'.repeat(10000)); const djb = [CID.createV1(0x129, await sha256.digest(dj)), dj]; await car('deep-json.car', [djb[0]], [djb])
const bad = [leaf[0], te.encode('raw bytez')]; await car('wrong-hash.car', [leaf[0]], [bad])
const dir = (links) => dagPB.encode({ Data: new Uint8Array([8, 1]), Links: links })
const pb = async (b) => [CID.createV0(await sha256.digest(b)), b]
for (const [file, name] of [['climb.car', '../x'], ['dotdot.car', '..'], ['slash.car', 'a/../../x'], ['backslash.car', 'a\\b'], ['control.car', 'a\nb']]) { const d = await pb(dir([{ Hash: leaf[0], Name: name, Tsize: 9 }])); await car(file, [d[0]], [d, leaf]) }
{ const d = await pb(dir([{ Hash: leaf[0], Name: 'a', Tsize: 9 }, { Hash: leaf[0], Name: 'a', Tsize: 9 }])); await car('twice.car', [d[0]], [d, leaf]) }
{ const d = await pb(dagPB.encode({ Data: new Uint8Array([8, 4, 0x12, 4, ...te.encode('/etc')]), Links: [] })); const r = await pb(dir([{ Hash: d[0], Name: 'l', Tsize: 9 }])); await car('symlink.car', [r[0]], [r, d]) }
// bomb of bytes: 8 levels of 32 links to the same block
{ let cur = [CID.createV1(0x55, await sha256.digest(new Uint8Array(4096))), new Uint8Array(4096)]; const bl = [cur]; let size = 4096
  for (let i = 0; i < 8; i++) { const fs_ = [8, 2]; const b = dagPB.encode({ Data: new Uint8Array(fs_), Links: Array.from({ length: 32 }, () => ({ Hash: cur[0], Name: '', Tsize: 1 })) }); cur = await pb(b); bl.push(cur) } await car('bomb.car', [cur[0]], bl); console.log('bomb', cur[0].toString()) }
// bomb of folders: each holds the one below twice
{ let cur = await pb(dir([])); const bl = [cur]; for (let i = 0; i < 40; i++) { cur = await pb(dir([{ Hash: cur[0], Name: 'a', Tsize: 1 }, { Hash: cur[0], Name: 'b', Tsize: 1 }])); bl.push(cur) } await car('doubling.car', [cur[0]], bl) }
{ let cur = await pb(dir([])); const bl = [cur]; for (let i = 0; i < 80; i++) { cur = await pb(dir([{ Hash: cur[0], Name: 'a', Tsize: 1 }])); bl.push(cur) } await car('tower.car', [cur[0]], bl) }
const t = fs.readFileSync(out + 'tree.car')
fs.writeFileSync(out + 'cut.car', t.subarray(0, t.length - 3))
fs.writeFileSync(out + 'header-lies.car', Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0x7f]), t.subarray(1)]))
fs.writeFileSync(out + 'long-varint.car', Buffer.concat([t, Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01])]))
fs.writeFileSync(out + 'block-lies.car', Buffer.concat([t, Buffer.from([0x80, 0x80, 0x80, 0x80, 0x08])]))
fs.writeFileSync(out + 'null-block.car', Buffer.concat([t, Buffer.from([0])]))
{ const d = dagPB.encode({ Data: new Uint8Array([8, 2, 0x12, 3, 97, 98, 99, 24, 9]), Links: [] }); const b = await pb(d); await car('length-lies.car', [b[0]], [b]) }
{ const b = await pb(te.encode('\x12\xff\xff\xff\x7fzz')); await car('not-pb.car', [b[0]], [b]) }
{ const d = await pb(dir([{ Hash: leaf[0], Name: 'a', Tsize: 9 }])); await car('missing.car', [d[0]], [d]); console.log('missing', leaf[0].toString(), d[0].toString()) }
const dots = [{ path: 'dots/a.partial', content: te.encode('part\n') }, { path: 'dots/b.txt', content: te.encode('b\n') }]
const secret = { path: 'dots/.secret', content: te.encode('secret\n') }
for (const t of [...dots, secret]) { fs.mkdirSync(out + 'dots', { recursive: true }); fs.writeFileSync(out + t.path, t.content) }
await report('dots without hidden', dots); await report('dots with hidden', [secret, ...dots])
for (const [file, head] of [['long-list.car', [0x9b, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]], ['long-map.car', [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]], ['long-bytes.car', [0x5b, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]]]) { const b = Buffer.from(head); const x = [CID.createV1(0x71, await sha256.digest(b)), b]; await car(file, [x[0]], [x]) }
{ const b = Buffer.from('a16776657273696f6e', 'hex'); const f = Buffer.concat([Buffer.from([18]), Buffer.from('a265726f6f74739b000000007fffffff6776', 'hex')]); fs.writeFileSync(out + 'many-roots.car', f) }
