#!/usr/bin/env python3
"""Makes the archives of tests/files with the usual tools (Info-ZIP, GNU tar, gzip, bzip2, xz, zstd); the hostile ones byte by byte."""

import gzip, io, os, shutil, struct, subprocess, tarfile, tempfile, zipfile, zlib

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")
TIME = (2026, 1, 31, 12, 0, 0)
STAMP = 1769860800  # the same in UTC


def out(name):
    return os.path.join(OUT, name)


def run(*command, cwd=None, **more):
    subprocess.run(command, cwd=cwd, check=True, env={**os.environ, "TZ": "UTC"}, stdout=more.pop("stdout", subprocess.DEVNULL), **more)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.utime(path, (STAMP, STAMP))


def zip_of(name, entries, **options):
    with zipfile.ZipFile(out(name), "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for entry, data in entries:
            archive.writestr(zipfile.ZipInfo(entry, TIME), data, zipfile.ZIP_DEFLATED)


def tar_of(name, members):
    with tarfile.open(out(name), "w", format=tarfile.GNU_FORMAT) as archive:
        for entry, kind, value in members:
            info = tarfile.TarInfo(entry)
            info.type, info.mtime = kind, STAMP
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                archive.addfile(info, io.BytesIO(value))
            else:
                info.linkname = value or ""
                archive.addfile(info)


def real(work):
    """The same tree by each tool."""
    write(f"{work}/tree/hello.txt", b"hello, archive\n")
    write(f"{work}/tree/docs/guide.md", b"# Guide\n\n" + b"All work and no play.\n" * 200)
    write(f"{work}/tree/docs/deep/note.md", "Grüße\n".encode())
    os.makedirs(f"{work}/tree/empty")
    for at, _, _ in os.walk(f"{work}/tree"):
        os.utime(at, (STAMP, STAMP))
    run("zip", "-q", "-X", "-r", out("tree.zip"), "docs", "empty", "hello.txt", cwd=f"{work}/tree")
    run("tar", "--sort=name", "--owner=0", "--group=0", "-cf", out("tree.tar"), "docs", "empty", "hello.txt", cwd=f"{work}/tree")
    for ending, tool in [("gz", ["gzip", "-n"]), ("bz2", ["bzip2"]), ("xz", ["xz", "-9"]), ("zst", ["zstd", "-q", "-19", "--check"])]:
        with open(out(f"tree.tar.{ending}"), "wb") as file:
            run(*tool, "-c", out("tree.tar"), stdout=file)
        with open(out(f"guide.md.{ending}"), "wb") as file:
            run(*tool, "-c", f"{work}/tree/docs/guide.md", stdout=file)
    # Two streams, as `cat a.gz b.gz` makes them, and a Zstandard frame to skip between two of data.
    for ending in ("gz", "bz2", "xz"):
        data = open(out(f"guide.md.{ending}"), "rb").read()
        write(out(f"twice.md.{ending}"), data + data)
    data = open(out("guide.md.zst"), "rb").read()
    write(out("twice.md.zst"), data + struct.pack("<II", 0x184D2A50, 4) + b"skip" + data)
    run("zip", "-q", "-X", "-P", "secret", out("encrypted.zip"), "hello.txt", cwd=f"{work}/tree")
    os.symlink("/etc/passwd", f"{work}/tree/link")
    run("zip", "-q", "-X", "-y", out("link.zip"), "link", "hello.txt", cwd=f"{work}/tree")
    with open(f"{work}/sparse.bin", "wb") as file:
        file.truncate(1 << 30)
        file.write(b"x")
    run("tar", "-S", "-cf", out("sparse.tar"), "sparse.bin", cwd=work)
    with open(out("dictionary.txt.xz"), "wb") as file:
        run("xz", "-c", "--lzma2=dict=128MiB", f"{work}/tree/hello.txt", stdout=file)
    with open(out("window.txt.zst"), "wb") as file:
        run("zstd", "-q", "-c", "--long=27", stdin=open(f"{work}/tree/hello.txt", "rb"), stdout=file)


def damaged():
    """What transfers make of archives."""
    for name, ending in [("tree", "zip"), ("tree", "tar.gz"), ("tree", "tar"), ("guide.md", "zst"), ("guide.md", "xz"), ("guide.md", "bz2")]:
        data = open(out(f"{name}.{ending}"), "rb").read()
        keep = 1200 if ending == "tar" else len(data) * 2 // 3
        write(out(f"cut.{ending}"), data[:keep])
    data = bytearray(open(out("tree.zip"), "rb").read())
    at = data.index(b"hello, archive")
    data[at] ^= 0x20
    write(out("flipped.zip"), data)
    data = bytearray(open(out("guide.md.gz"), "rb").read())
    data[-8] ^= 1  # the checksum
    write(out("flipped.md.gz"), data)
    data = bytearray(open(out("guide.md.zst"), "rb").read())
    data[-1] ^= 1
    write(out("flipped.md.zst"), data)


def hostile():
    F, L, H, C = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE
    zip_of("climb.zip", [("ok.txt", b"ok\n"), ("../evil.txt", b"evil\n")])
    zip_of("absolute.zip", [("/evil.txt", b"evil\n")])
    zip_of("backslash.zip", [("..\\evil.txt", b"evil\n")])
    zip_of("drive.zip", [("C:/evil.txt", b"evil\n")])
    zip_of("below.zip", [("a", b"file\n"), ("a/b.txt", b"below\n")])
    with_twice = [("a.txt", b"first\n"), ("./a.txt", b"second\n")]
    zip_of("duplicate.zip", with_twice)
    tar_of("climb.tar", [("ok.txt", F, b"ok\n"), ("docs/../../evil.txt", F, b"evil\n")])
    # The classic: a link out of the folder, then a file through it.
    tar_of("links.tar", [("out", L, "/tmp"), ("out/evil.txt", F, b"evil\n"), ("hard", H, "../../data.txt"), ("ok.txt", F, b"ok\n")])
    tar_of("device.tar", [("null", C, None), ("ok.txt", F, b"ok\n")])
    zeros = b"\0" * (20 << 20)
    write(out("bomb.gz"), gzip.compress(zeros, 9, mtime=0))
    zip_of("bomb.zip", [("zeros.bin", zeros)])
    # A name of 3 MiB.
    name = b"a" * (3 << 20)
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, len(name)
    blocks = info.tobuf(tarfile.GNU_FORMAT) + name
    blocks += tarfile.TarInfo("ok").tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024
    write(out("longname.tar.gz"), gzip.compress(blocks, 9, mtime=0))
    overlapping()
    lying()
    patched_method()
    write(out("deep.zip"), b"")
    zip_of("deep.zip", [("d/" * 100 + "x.txt", b"x\n")])
    with zipfile.ZipFile(out("control.zip"), "w") as archive:
        archive.writestr(zipfile.ZipInfo("a\nb.txt", TIME), b"x\n")


def local(name, data, packed, method):
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, method, 0x6000, 0x5C3F, zlib.crc32(data), len(packed), len(data), len(name), 0) + name


def central(name, data, packed, method, at, size=None):
    size = len(data) if size is None else size
    return struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, method, 0x6000, 0x5C3F, zlib.crc32(data), len(packed), size, len(name), 0, 0, 0, 0, 0, at
    ) + name


def end(count, directory, at):
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), at, 0)


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def overlapping():
    """Fifty names for the same bytes."""
    data = b"\0" * (1 << 20)
    packed = deflate(data)
    body = local(b"00", data, packed, 8) + packed
    directory = b"".join(central(b"%02d" % i, data, packed, 8, 0) for i in range(50))
    write(out("overlap.zip"), body + directory + end(50, directory, len(body)))


def lying():
    """States ten bytes and holds a thousand."""
    data = b"x" * 1000
    packed = deflate(data)
    body = local(b"liar.txt", data, packed, 8) + packed
    directory = central(b"liar.txt", data, packed, 8, 0, size=10)
    write(out("lying.zip"), body + directory + end(1, directory, len(body)))


def patched_method():
    data = b"zstd in a zip\n"
    body = local(b"new.txt", data, data, 93) + data
    directory = central(b"new.txt", data, data, 93, 0)
    write(out("method.zip"), body + directory + end(1, directory, len(body)))


def others():
    write(out("empty.zip"), b"")
    write(out("notes.txt"), b"no archive\n")
    write(out("photos.7z"), b"7z\xbc\xaf\x27\x1c" + b"\0" * 26)
    write(out("wrong.zip"), b"no archive either\n")
    write(out("kept/tree/hello.txt"), b"mine\n")
    write(out("nothing.tar"), b"\0" * 10240)


shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(OUT)
with tempfile.TemporaryDirectory() as work:
    real(work)
damaged()
hostile()
others()
