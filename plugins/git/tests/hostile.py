"""Makes the hostile repositories of tests/files/hostile: what a server on the network or an archive could hand over."""
import hashlib, os, struct, sys, zlib, shutil, subprocess
root = sys.argv[1]
shutil.rmtree(root, ignore_errors=True)
def put(path, data):
    path = os.path.join(root, path); os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, 'wb').write(data if isinstance(data, bytes) else data.encode())
def repo(name, head='ref: refs/heads/main\n', config='[core]\n\trepositoryformatversion = 0\n\tbare = true\n'):
    put(f'{name}/HEAD', head); put(f'{name}/config', config); put(f'{name}/objects/info/packs', '\n')
def loose(name, kind, data, claim=None, as_id=None):
    head = f'{kind} {len(data) if claim is None else claim}\0'.encode()
    oid = as_id or hashlib.sha1(f'{kind} {len(data)}\0'.encode() + data).hexdigest()
    put(f'{name}/objects/{oid[:2]}/{oid[2:]}', zlib.compress(head + data)); return oid
def varint(n):
    out = b''
    while True:
        b = n & 127; n >>= 7
        out += bytes([b | (128 if n else 0)])
        if not n: return out
def entry(kind, size, payload, base=b''):
    first = (kind << 4) | (size & 15); rest = size >> 4; out = bytes([first | (128 if rest else 0)])
    if rest: out += varint(rest)
    return out + base + zlib.compress(payload)
def pack(name, entries, cut=None):
    """entries: (id in hex, bytes)"""
    body = b'PACK' + struct.pack('>II', 2, len(entries)); offs = {}
    for oid, data in entries: offs[oid] = len(body); body += data
    body += hashlib.sha1(body).digest()
    ids = sorted(offs); fan = [sum(1 for i in ids if int(i[:2], 16) <= b) for b in range(256)]
    idx = b'\xfftOc' + struct.pack('>I', 2) + b''.join(struct.pack('>I', f) for f in fan)
    idx += b''.join(bytes.fromhex(i) for i in ids) + b'\0\0\0\0' * len(ids) + b''.join(struct.pack('>I', offs[i]) for i in ids)
    idx += body[-20:]; idx += hashlib.sha1(idx).digest()
    stem = f'{name}/objects/pack/pack-{body[-20:].hex()}'
    put(stem + '.idx', idx); put(stem + '.pack', body[:cut] if cut else body)
ident = 'Mallory <mallory@example.com> 1767225600 +0000'
def commit(tree, parents=(), message='m'):
    return (f'tree {tree}\n' + ''.join(f'parent {p}\n' for p in parents) + f'author {ident}\ncommitter {ident}\n\n{message}\n').encode()
def history(name, files):
    """A commit of loose objects whose files have these ids."""
    tree = b''.join(f'100644 {f}\0'.encode() + bytes.fromhex(i) for f, i in sorted(files.items()))
    t = loose(name, 'tree', tree); c = loose(name, 'commit', commit(t)); put(f'{name}/refs/heads/main', c + '\n'); return c
A, B = 'aa' * 20, 'bb' * 20
# Deltas that are based on each other.
repo('delta-loop.git'); history('delta-loop.git', {'f': A})
pack('delta-loop.git', [(A, entry(7, 5, b'\x01\x01\x90\x01\x00', bytes.fromhex(B))), (B, entry(7, 5, b'\x01\x01\x90\x01\x00', bytes.fromhex(A)))])
# Deltas that make more than they promise, copy what is not there, and promise 8 TiB.
repo('delta-lies.git'); history('delta-lies.git', {'more': A, 'beyond': B, 'bomb': 'cc' * 20})
base = entry(3, 4, b'base'); D = 'dd' * 20
more = b'\x04\x01\x90\x04'; beyond = b'\x04\x04\x91\x64\x04'; bomb = b'\x04' + varint(8 << 40) + b'\x90\x04'
pack('delta-lies.git', [(D, base), (A, entry(7, len(more), more, bytes.fromhex(D))), (B, entry(7, len(beyond), beyond, bytes.fromhex(D))), ('cc' * 20, entry(7, len(bomb), bomb, bytes.fromhex(D)))])
# A loose object that says it has 8 TiB, one whose content is another, and one that is no zlib stream.
repo('objects.git')
huge = loose('objects.git', 'blob', b'x' * 100, claim=8 << 40, as_id='11' * 20); wrong = loose('objects.git', 'blob', b'other\n', as_id='22' * 20)
bomb = '44' * 20; loose('objects.git', 'blob', b'\0' * (20 << 20), as_id=bomb)
put('objects.git/objects/33/' + '33' * 19, b'not zlib')
long = loose('objects.git', 'blob', b'12345678', claim=3, as_id='55' * 20)
history('objects.git', {'huge': huge, 'wrong': wrong, 'garbage': '33' * 20, 'bomb': bomb, 'long': long, 'missing': '66' * 20})
# A commit that is its own parent.
repo('cycle.git'); t = loose('cycle.git', 'tree', b''); loose('cycle.git', 'commit', commit(t, ['77' * 20]), as_id='77' * 20); put('cycle.git/refs/heads/main', '77' * 20 + '\n')
# Refs that lead to each other, and out of the repository.
repo('refs.git'); put('refs.git/refs/heads/main', 'ref: refs/heads/other\n'); put('refs.git/refs/heads/other', 'ref: refs/heads/main\n'); put('refs.git/refs/heads/out', 'ref: refs/heads/../../../../../etc/passwd\n'); put('refs.git/refs/heads/bad', 'nonsense\n')
repo('head-out.git', head='ref: ../../../etc/passwd\n')
# Objects that are borrowed from outside of the grant.
repo('alternates.git'); history('alternates.git', {'f': A}); put('alternates.git/objects/info/alternates', '/etc/objects\n../../../../../../etc\n../objects\n')
# A configuration that includes others, and names a work tree outside.
repo('config.git', config='[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfsmonitor = /bin/false\n[include]\n\tpath = /etc/passwd\n[includeIf "gitdir:/"]\n\tpath = ../../../../etc/passwd\n'); x = loose('config.git', 'blob', b'fine\n'); history('config.git', {'f': x})
repo('worktree-out.git', config='[core]\n\tbare = false\n\tworktree = ../../../../../etc\n')
repo('sha256.git', config='[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n')
# A tree whose entries have hostile names.
repo('names.git'); history('names.git', {'..': x, '.git': x, 'a/b': x}); loose('names.git', 'blob', b'fine\n')
# A pack that is cut short, made from what git wrote.
repo('cut.git'); ok = hashlib.sha1(b'blob 5\0fine\n').hexdigest(); c = None
data = b'fine\n' * 400
oid = hashlib.sha1(b'blob %d\0' % len(data) + data).hexdigest(); import random; random.seed(1); noise = bytes(random.randrange(97, 123) for _ in range(3000)); noid = hashlib.sha1(b'blob %d\0' % len(noise) + noise).hexdigest()
pack('cut.git', [(oid, entry(3, len(data), data)), (noid, entry(3, len(noise), noise))], cut=1000); history('cut.git', {'whole': oid, 'cut': noid})
# An index of a pack that is cut short.
repo('cut-index.git'); put('cut-index.git/objects/pack/pack-' + A + '.idx', b'\xfftOc\0\0\0\2' + struct.pack('>I', 0) * 0xaa + struct.pack('>I', 5) * (256 - 0xaa)); put('cut-index.git/refs/heads/main', A + '\n')

# More than 128 directories within each other.
repo('deep.git'); node = loose('deep.git', 'blob', b'fine\n'); mode = '100644'
for _ in range(135): node = loose('deep.git', 'tree', f'{mode} d\0'.encode() + bytes.fromhex(node)); mode = '40000'
put('deep.git/refs/heads/main', loose('deep.git', 'commit', commit(node)) + '\n')
