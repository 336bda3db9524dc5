# SPDX-License-Identifier: MIT
"""bags.py FOLDER: bags for test_verify, one whole and many that are not.

FOLDER has artifacts and what they say (facts.json, from the test).  Each bag gets a line in
FOLDER/bags.tsv: the file, the exit status that `basin verify` must give, and words that it
must say.  Names that no tool would write are put into the bytes by hand.
"""
import hashlib
import io
import json
import os
import random
import stat
import struct
import sys
import tarfile
import warnings
import zipfile
import zlib

import h5py
import numpy

WHOLE, DAMAGED, REFUSED = 0, 3, 7
TOP = "basin-test"


def sha(data, kind="sha256"):
    return hashlib.new(kind, data).hexdigest()


def sealed(manifest):
    text = json.dumps({k: manifest[k] for k in sorted(manifest)}, indent=2)
    rest = text[len("{\n"):] + "\n"
    return ('{\n  "seal": "%s",\n' % sha(rest.encode())).encode() + rest.encode()


def payload(facts, folder):
    """Name -> bytes of everything below data/."""
    files, nodes = {}, {}
    for node, fact in facts["nodes"].items():
        data = open(os.path.join(folder, fact["from"]), "rb").read()
        run = {k: fact[k] for k in ("stage", "inputs", "parameters")}
        run.update(code="c" * 64, node=node, content=fact["content"] or sha(data),
                   sha256=sha(data), k2=sha(node.encode()), format="basin 1")
        files["data/results/" + node] = data
        files["data/runs/%s.json" % run["k2"]] = sealed(run)
        nodes[node] = {k: run[k] for k in ("stage", "code", "k2", "content", "sha256")}
        nodes[node].update(file="results/" + node, manifest="runs/%s.json" % run["k2"])
    for name, text in facts["source"].items():
        files["data/source/" + name] = text.encode()
    files["data/goals.json"] = json.dumps(
        {"format": "basin 1", "goals": facts["goals"], "from": "ring", "set": facts["set"],
         "data": facts["data"], "nodes": nodes}, indent=1).encode()
    files["data/CITATION.cff"] = b"cff-version: 1.2.0\n"
    return files


def line(name, data):
    for byte in "%\n\r":
        name = name.replace(byte, "%%%02X" % ord(byte))
    return "%s  %s\n" % (sha(data, "sha512"), name)


def tagged(files, **changed):
    """With bagit.txt and manifests; `changed` says what else they hold."""
    files = dict(files)
    size = sum(map(len, files.values()))
    files["bagit.txt"] = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    files["bag-info.txt"] = b"Payload-Oxum: %d.%d\n" % (size, len(files) - 1)
    files["manifest-sha512.txt"] = "".join(
        line(n, d) for n, d in sorted(files.items()) if n.startswith("data/")).encode()
    for name, change in changed.items():
        name = name.replace("__", "-").replace("_txt", ".txt")
        files[name] = change(files.get(name, b""))
    files = {n: d for n, d in files.items() if d is not None or n.startswith("tagmanifest")}
    if "tagmanifest-sha512.txt" not in files:
        files["tagmanifest-sha512.txt"] = "".join(
            line(n, d) for n, d in sorted(files.items()) if not n.startswith("data/")).encode()
    return {n: d for n, d in files.items() if d is not None}


def zipped(files, method=zipfile.ZIP_DEFLATED, top=TOP, extra=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in list(files.items()) + list(extra):
            info = zipfile.ZipInfo((top + "/" if top else "") + name)
            info.compress_type = method
            info.external_attr = 0o100644 << 16
            z.writestr(info, data)
    return out.getvalue()


def tarred(files, mode="w", extra=(), top=TOP, after=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tarfile.GNU_FORMAT) as t:
        for info, data in extra:
            t.addfile(info, io.BytesIO(data))
        for name, data in files.items():
            info = tarfile.TarInfo(top + "/" + name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
        for info, data in after:
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def member(name, kind=tarfile.REGTYPE, link="", data=b"x"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    return info, data if kind == tarfile.REGTYPE else b""


class Bags:
    def __init__(self, folder):
        self.folder, self.lines = folder, []

    def add(self, name, data, status, says=""):
        with open(os.path.join(self.folder, name), "wb") as f:
            f.write(data)
        self.note(name, status, says)

    def note(self, name, status, says):
        """status: a number, or several that are as good: "3|7"."""
        self.lines.append("%s\t%s\t%s\n" % (name, status, says))

    def close(self):
        with open(os.path.join(self.folder, "bags.tsv"), "w") as f:
            f.writelines(self.lines)


# --- names ---------------------------------------------------------------------------

BAD_NAMES = [
    ("dots", "../evil", "leads out"), ("inside", "data/../../evil", "leads out"),
    ("absolute", "/evil", "absolute"), ("backslash", "data\\evil", "backslash"),
    ("back-dots", "..\\evil", "backslash"), ("drive", "C:evil", "drive"),
    ("drive-slash", "c:/evil", "drive"), ("empty", "data//evil", "empty component"),
    ("dot", "data/./evil", "component `.`"), ("control", "data/e\x1b[2Jvil", "control"),
    ("newline", "data/e\nvil", "control"), ("delete", "data/e\x7fvil", "control"),
    ("component", "data/" + "x" * 300, "255 bytes"), ("long", "data/" + "x/" * 600 + "x", "1000"),
    ("deep", "data/" + "x/" * 40 + "x", "32 folders"),
]


def names(bags, good):
    for label, name, says in BAD_NAMES:
        whole = name if name[0] in "/." or ":" in name[:2] else TOP + "/" + name
        bags.add("name-%s.zip" % label, zipped(good, extra=[(name, b"x")])
                 if whole.startswith(TOP) else raw_zip(good, whole.encode()), REFUSED, says)
        bags.add("name-%s.tar" % label, tarred(good, extra=[member(whole)]), REFUSED, says)
    bags.add("name-nul.zip", raw_zip(good, TOP.encode() + b"/data/ev\0il"), REFUSED, "control")
    bags.add("name-latin1.zip", raw_zip(good, TOP.encode() + b"/data/ev\xe9il"), REFUSED, "UTF-8")
    bags.add("name-latin1.tar", tar_raw(good, TOP.encode() + b"/data/ev\xe9il"), REFUSED, "UTF-8")
    bags.add("name-overlong.tar", tar_raw(good, TOP.encode() + b"/data/ev\xc0\xafil"), REFUSED,
             "UTF-8")
    pairs = [("case", "data/source/Makefile", "data/source/makefile"),
             ("sharp-s", "data/stra\u00dfe", "data/STRASSE"),
             ("case-folder", "data/Ab/x", "data/aB/y")]
    for label, a, b in pairs:
        bags.add("pair-%s.zip" % label, zipped({**good, a: b"1", b: b"2"}), REFUSED,
                 "only in upper and lower case")
    for end, make in (("zip", zipped), ("tar", tarred)):
        nfc, nfd = "data/caf\u00e9", "data/cafe\u0301"
        bags.add("pair-normal-form." + end, make({**good, nfc: b"1", nfd: b"2"}), REFUSED,
                 "there twice")
    bags.add("pair-file-folder.zip", zipped({**good, "data/a": b"1", "data/a/b": b"2"}), REFUSED,
             "file and a folder at once")
    bags.add("pair-twice.tar", tarred(good, after=[member(TOP + "/bagit.txt")]), REFUSED,
             "there twice")
    bags.add("pair-twice.zip", zipped(good, extra=[("data/CITATION.cff", b"2")]), REFUSED,
             "there twice")
    bags.add("top-two.zip", zipped({**good, "../other/x": b"1"}).replace(
        TOP.encode() + b"/../other/x", b"another-folder/abcdef"), REFUSED, "first folder")
    bags.add("top-none.zip", zipped(good, top=""), REFUSED, "first folder")
    bags.add("top-nested.zip", zipped({"in/" + n: d for n, d in good.items()}), DAMAGED,
             "bagit.txt is missing")


def dotted(bags, good):
    """As people pack a folder again: `tar cf x.tar ./bag`, or `tar cf x.tar .` inside it."""
    folder = lambda name: member(name, tarfile.DIRTYPE)
    whole = {"./%s/%s" % (TOP, n): d for n, d in good.items()}
    inside = {"./" + n: d for n, d in good.items()}

    def case(label, names, status, says, first=()):
        """Names as they are, in this order."""
        bags.add("dot-%s.tar" % label, tarred({}, extra=[
            *first, *(member(n, data=d) for n, d in names.items())]), status, says)

    case("top", whole, WHOLE, "whole")
    case("top-folder", whole, WHOLE, "whole", [folder("./"), folder("./" + TOP)])
    case("inside", inside, WHOLE, "whole", [folder(".")])
    data_first = dict(sorted(inside.items(), key=lambda f: "/data/" not in f[0]))
    case("inside-data", data_first, WHOLE, "whole", [folder("./"), folder("./data")])
    case("some", {TOP + "/" + n if i % 2 else "./%s/%s" % (TOP, n): d
                  for i, (n, d) in enumerate(good.items())}, WHOLE, "whole")
    case("added", {**whole, "./%s/data/x" % TOP: b"x"}, DAMAGED, "was added")
    for label, name, says in [
            ("twice", TOP + "/bagit.txt", "there twice"), ("case", TOP + "/Bagit.txt", "case"),
            ("out", "./../evil", "leads out"), ("absolute", ".//evil", "absolute"),
            ("two", "././%s/x" % TOP, "component `.`"), ("in", "./%s/./x" % TOP, "component `.`"),
            ("file", ".", "component `.`"), ("other", "./other/x", "first folder"),
            ("beside", "./x", "first folder")]:
        case(label, {**whole, name: b"x"}, REFUSED, says)
    case("dots", whole, REFUSED, "there twice", [folder("./"), folder(".")])
    case("inside-out", {**inside, "./../evil": b"x"}, REFUSED, "leads out")
    case("inside-twice", {**inside, "bagit.txt": b"x"}, REFUSED, "there twice")
    case("inside-case", {**inside, "./Data/x": b"x"}, REFUSED, "case")


def raw_zip(files, name):
    """One more entry, whose name is these bytes."""
    hole = b"Q" * len(name)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for n, d in files.items():
            z.writestr(TOP + "/" + n, d)
        z.writestr(hole.decode(), b"x")
    return out.getvalue().replace(hole, name)


def tar_raw(files, name):
    info = tarfile.TarInfo(TOP + "/" + "Q" * (len(name) - len(TOP) - 1))
    info.size = 1
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[:len(name)] = name
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"x" + b"\0" * 511 + tarred(files)


# --- kinds of entries -----------------------------------------------------------------


def kinds(bags, good):
    for label, kind, link, says in [
            ("symlink", tarfile.SYMTYPE, "/etc/passwd", "symbolic link"),
            ("symlink-inside", tarfile.SYMTYPE, "bagit.txt", "symbolic link"),
            ("hardlink", tarfile.LNKTYPE, TOP + "/bagit.txt", "hard link"),
            ("hardlink-out", tarfile.LNKTYPE, "../../etc/passwd", "hard link"),
            ("fifo", tarfile.FIFOTYPE, "", "named pipe"),
            ("chardev", tarfile.CHRTYPE, "", "device"),
            ("blockdev", tarfile.BLKTYPE, "", "device")]:
        bags.add("kind-%s.tar" % label, tarred(good, after=[member(TOP + "/data/l", kind, link)]),
                 REFUSED, says)
    through = [member(TOP + "/data", tarfile.SYMTYPE, ".."), member(TOP + "/data/evil")]
    bags.add("kind-through.tar", tarred({}, extra=through), REFUSED, "symbolic link")
    for label, mode, says in [("symlink", stat.S_IFLNK, "symbolic link"),
                              ("fifo", stat.S_IFIFO, "device, pipe"),
                              ("device", stat.S_IFCHR, "device, pipe")]:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            for n, d in good.items():
                z.writestr(TOP + "/" + n, d)
            info = zipfile.ZipInfo(TOP + "/data/l")
            info.create_system, info.external_attr = 3, (mode | 0o777) << 16
            z.writestr(info, b"../../etc/passwd")
        bags.add("kind-%s.zip" % label, out.getvalue(), REFUSED, says)
    sparse = tarfile.TarInfo(TOP + "/data/hole")
    sparse.type, sparse.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (1 << 30, 0)
    header[483:495] = b"%011o\0" % (1 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    bags.add("kind-sparse.tar", bytes(header) + tarred(good), REFUSED, "")
    for label, make in folders(good):
        path = os.path.join(bags.folder, "folder-" + label)
        unpacked(good, path)
        status, says = make(path)
        bags.note("folder-" + label, status, says)


def unpacked(files, path):
    for name, data in files.items():
        full = os.path.join(path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)


def folders(good):
    def whole(path):
        return WHOLE, "whole"

    def link(path):
        os.symlink("/etc/passwd", path + "/data/l")
        return REFUSED, "symbolic link"

    def replaced(path):
        """The same bytes, but outside."""
        os.rename(path + "/data/CITATION.cff", path + ".outside")
        os.symlink("../../" + os.path.basename(path) + ".outside", path + "/data/CITATION.cff")
        return REFUSED, "symbolic link"

    def linked_folder(path):
        os.rename(path + "/data", path + ".data")
        os.symlink("../" + os.path.basename(path) + ".data", path + "/data")
        return REFUSED, "symbolic link"

    def fifo(path):
        os.mkfifo(path + "/data/pipe")
        return REFUSED, "named pipe"

    def hard(path):
        """A second name is no harm: it is read, and nothing is written."""
        os.link(path + "/bagit.txt", path + ".second")
        return WHOLE, "whole"

    def added(path):
        open(path + "/data/source/added", "w").close()
        return DAMAGED, "was added"

    def newline(path):
        open(path + "/data/a\nb", "w").close()
        return REFUSED, "control"

    return [(f.__name__.replace("_", "-"), f)
            for f in (whole, link, replaced, linked_folder, fifo, hard, added, newline)]


# --- sizes ----------------------------------------------------------------------------


def bombs(bags, good):
    zeros = bytes(100 << 20)
    bags.add("bomb.tar.gz", tarred({**good, "data/zeros": zeros}, "w:gz"), REFUSED, "bomb")
    small = zipped({**good, "data/zeros": zeros})
    bags.add("bomb.zip", small, REFUSED, "bomb")
    true, lie = struct.pack("<I", len(zeros)), struct.pack("<I", 1000)
    bags.add("bomb-undeclared.zip", small.replace(true, lie), "3|7")
    bags.add("bomb-declared.zip", small.replace(true, b"\xfe\xff\xff\xff"), "3|7")
    bags.add("bomb-twice.tar.gz", zlib_gz(zlib_gz(tarred(good))), REFUSED, "more than once")
    huge = member(TOP + "/data/huge")[0]
    huge.size = 1 << 50
    bags.add("bomb-declared.tar", huge.tobuf(tarfile.GNU_FORMAT) + tarred(good), REFUSED,
             "larger than all")
    # overlapping entries: the second starts inside the first
    two = zipped({**good, "data/a": os.urandom(1000), "data/b": b"y"})
    where = two.index(b"PK\3\4", two.index(b"/data/b") - 60)
    bags.add("bomb-overlap.zip", two.replace(struct.pack("<I", where) + b"basin-test/data/b",
                                             struct.pack("<I", where - 500) +
                                             b"basin-test/data/b"), "3|7")


def zlib_gz(data):
    c = zlib.compressobj(9, zlib.DEFLATED, 31)
    return c.compress(data) + c.flush()


def numbered(record, at, n):
    """n copies of the bytes `record` as rows, with row i's number in seven digits at `at`."""
    rows = numpy.tile(numpy.frombuffer(record, numpy.uint8), (n, 1))
    for k in range(7):
        rows[:, at + k] = 48 + numpy.arange(n) // 10 ** (6 - k) % 10
    return rows


def million(bags, n=1000000):
    name = TOP.encode() + b"/data/x0000000"
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0x21, 0, 0, 0, len(name), 0) + name
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0x21, 0, 0, 0, len(name),
                          0, 0, 0, 0, 0, 0) + name
    locals_ = numbered(local, len(local) - 7, n)
    centrals = numbered(central, len(central) - 7, n)
    centrals[:, 42:46] = (numpy.arange(n, dtype="<u4") * len(local)).view(numpy.uint8
                                                                          ).reshape(n, 4)
    at, size = locals_.size, centrals.size
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, size, at)
    end = struct.pack("<4sIQI", b"PK\6\7", 0, at + size, 1) + struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, 0xffffffff, 0xffffffff, 0)
    bags.add("million.zip", locals_.tobytes() + centrals.tobytes() + end64 + end, REFUSED,
             "1000000 entries")
    # the same, but saying that there are few
    lie = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 10, 10, size, at, 0)
    bags.add("million-lie.zip", locals_.tobytes() + centrals.tobytes() + lie, REFUSED,
             "table of contents is larger")
    info = tarfile.TarInfo(name.decode())
    blocks = numbered(info.tobuf(tarfile.GNU_FORMAT), len(name) - 7, 100100)
    blocks[:, 148:156] = 32
    total = blocks.sum(axis=1, dtype=numpy.int64)
    for k in range(6):
        blocks[:, 148 + k] = 48 + total // 8 ** (5 - k) % 8
    blocks[:, 154] = 0
    gz = zlib.compressobj(1, zlib.DEFLATED, 31)
    bags.add("many.tar.gz", gz.compress(blocks.tobytes()) + gz.flush(), REFUSED, "entries")


# --- HDF5 -----------------------------------------------------------------------------


def hdf5(bags, files):
    """Artifacts that lead elsewhere or are none; bag and goals.json agree on the bytes."""
    node = "ring/a.h5"

    def case(label, data, status, says):
        told = json.loads(files["data/goals.json"])
        run = "data/" + told["nodes"][node]["manifest"]
        manifest = json.loads(files[run])
        del manifest["seal"]
        told["nodes"][node]["sha256"] = manifest["sha256"] = sha(data)
        bags.add("h5-%s.zip" % label, zipped(tagged({
            **files, run: sealed(manifest), "data/results/" + node: data,
            "data/goals.json": json.dumps(told).encode()})), status, says)

    def made(make):
        path = os.path.join(bags.folder, "made.h5")
        with h5py.File(path, "w") as f:
            make(f)
        data = open(path, "rb").read()
        os.remove(path)
        return data

    def virtual(f):
        layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
        layout[:] = h5py.VirtualSource("/etc/other.h5", "x", shape=(4,))
        f.create_virtual_dataset("x", layout)

    whole = files["data/results/" + node]
    case("link", made(lambda f: f.__setitem__("x", h5py.ExternalLink("/etc/x.h5", "/x"))),
         REFUSED, "link into another file")
    case("outside", made(lambda f: f.create_dataset(
        "x", (8,), "u1", external=[("/etc/passwd", 0, 8)])), REFUSED, "stored in another file")
    case("virtual", made(virtual), REFUSED, "virtual dataset")
    case("other", made(lambda f: f.create_dataset("x", data=[1.0])), DAMAGED, "its content")
    case("text", b"hello\n" * 100, DAMAGED, "no HDF5 file")
    case("cut", whole[:len(whole) // 2], DAMAGED, "ring/a.h5")
    random.seed(2)
    for i in range(12):                  # whatever HDF5 makes of it, verify must go on
        flipped = bytearray(whole)
        for _ in range(4):
            flipped[random.randrange(len(whole))] = random.randrange(256)
        case("flip-%d" % i, bytes(flipped), "0|3|7", "")


# --- manifests ------------------------------------------------------------------------


def manifests(bags, files):
    def case(label, status, says, extra=None, **changed):
        bags.add("manifest-%s.zip" % label, zipped(tagged({**files, **(extra or {})}, **changed)),
                 status, says)

    first = line("data/CITATION.cff", files["data/CITATION.cff"]).encode()
    name = dict.fromkeys(["manifest__sha512_txt"])
    change = lambda f: dict.fromkeys(name, f)
    case("whole", WHOLE, "whole")
    case("upper", WHOLE, "whole", **change(
        lambda m: m.replace(first, first[:128].upper() + first[128:])))
    case("crlf", WHOLE, "whole", **change(lambda m: m.replace(b"\n", b"\r\n")))
    case("tabs", WHOLE, "whole", **change(lambda m: m.replace(b"  ", b"\t")))
    case("percent", WHOLE, "whole", extra={"data/100%25": b"x", "data/50%": b"y"})
    case("too-much", DAMAGED, "is missing", **change(
        lambda m: m + line("data/ghost", b"").encode()))
    case("too-little", DAMAGED, "was added", **change(lambda m: m.replace(first, b"")))
    case("twice", DAMAGED, "listed twice", **change(lambda m: m + first))
    case("wrong", DAMAGED, "was changed", **change(
        lambda m: m.replace(first, b"0" * 128 + first[128:])))
    case("half-line", DAMAGED, "hexadecimal", **change(lambda m: m + b"abcdef"))
    case("short-digest", DAMAGED, "hexadecimal", **change(lambda m: m.replace(first, first[2:])))
    case("no-name", DAMAGED, "hexadecimal", **change(lambda m: m + b"0" * 128 + b"  \n"))
    case("blank-line", DAMAGED, "hexadecimal", **change(lambda m: m + b"\n"))
    case("nul", DAMAGED, "NUL", **change(lambda m: m + b"\0"))
    case("bom", DAMAGED, "byte-order", **change(lambda m: b"\xef\xbb\xbf" + m))
    case("dots", REFUSED, "leads out", **change(lambda m: m + line("data/../../x", b"").encode()))
    case("absolute", REFUSED, "absolute", **change(lambda m: m + line("/etc/x", b"").encode()))
    case("encoded-newline", REFUSED, "control", **change(
        lambda m: m + line("data/a\nb", b"").encode()))
    case("tag-in-it", DAMAGED, "other manifest", **change(
        lambda m: m + line("bagit.txt", b"").encode()))
    case("none", DAMAGED, "manifest-sha512.txt is missing", **change(lambda m: None))
    case("empty", DAMAGED, "was added", **change(lambda m: b""))
    case("no-tags", DAMAGED, "tagmanifest-sha512.txt is missing",
         tagmanifest__sha512_txt=lambda m: None)
    case("tag-missing", DAMAGED, "was added", tagmanifest__sha512_txt=lambda m: b"")
    case("tag-extra", DAMAGED, "was added", tagmanifest__sha512_txt=lambda m: "".join(
        line(n, d) for n, d in tagged(files).items()
        if n in ("bagit.txt", "bag-info.txt")).encode())
    case("version", DAMAGED, "BagIt-Version", bagit_txt=lambda m: m.replace(b"1.0", b"9.9"))
    case("oxum", DAMAGED, "Payload-Oxum", bag__info_txt=lambda m: b"Payload-Oxum: 1.1\n")
    case("oxum-odd", DAMAGED, "bytes.files", bag__info_txt=lambda m: b"payload-oxum: many\n")
    case("fetch", DAMAGED, "fetched", fetch_txt=lambda m: b"http://localhost/ 1 data/x\n")
    nfc, nfd = "data/caf\u00e9", "data/cafe\u0301"      # tools change one into the other
    for a, b in ((nfc, nfd), (nfd, nfc)):
        more = tagged({**files, a: b"x"})
        more[b] = more.pop(a)
        bags.add("manifest-form-%d.zip" % (a == nfc), zipped(more), WHOLE, "whole")
        bags.add("manifest-form-%d.tar" % (a == nfc), tarred(more), WHOLE, "whole")
    case("sha256", WHOLE, "whole", manifest__sha256_txt=lambda m: "".join(
        "%s  %s\n" % (sha(d), n) for n, d in files.items()).encode())
    case("sha256-wrong", DAMAGED, "was changed", manifest__sha256_txt=lambda m: "".join(
        "%s  %s\n" % (sha(d + b"!"), n) for n, d in files.items()).encode())


def goals(bags, files):
    def case(label, status, says, change):
        told = json.loads(files["data/goals.json"])
        change(told)
        more = {**files, "data/goals.json": json.dumps(told).encode()}
        bags.add("goals-%s.zip" % label, zipped(tagged(more)), status, says)

    node = sorted(json.loads(files["data/goals.json"])["nodes"])[0]
    for i, goal in enumerate(["-f/dev/null", "--eval=x", "figure1;reboot", "$(shell id)", "clean",
                              "results/../../x", "figure1 deps", "SET=x", "deps", "", "/etc/passwd",
                              "figure\u00e9", "-C/tmp", "results/$(shell id).h5"]):
        case("goal-%d" % i, REFUSED, "no goal", lambda g, goal=goal: g.update(goals=[goal]))
    case("goal-number", REFUSED, "no goal", lambda g: g.update(goals=[3]))
    case("goal-none", DAMAGED, "no goals", lambda g: g.update(goals=[]))
    case("from", REFUSED, "pipeline", lambda g: g.update({"from": "ring SET=x"}))
    case("from-path", REFUSED, "pipeline", lambda g: g.update({"from": "../x"}))
    for i, text in enumerate(["$(shell id)", "a=`id`", "x\ny", "a\\", "$$x"]):
        case("set-%d" % i, REFUSED, "SET", lambda g, text=text: g.update(set=text))
    case("format", DAMAGED, "format", lambda g: g.update(format="basin 99"))
    case("sha256", DAMAGED, "sha256", lambda g: g["nodes"][node].update(sha256="0" * 64))
    case("content", DAMAGED, "content", lambda g: g["nodes"][node].update(content="0" * 64))
    case("code", DAMAGED, "code in", lambda g: g["nodes"][node].update(code="0" * 64))
    case("file", REFUSED, "below results/",
         lambda g: g["nodes"][node].update(file="results/../x"))
    case("manifest", DAMAGED, "manifest", lambda g: g["nodes"][node].update(manifest="runs/x"))
    case("ghost", DAMAGED, "missing",
         lambda g: g["nodes"].update({"ring/g.h5": {"file": "results/ring/g.h5"}}))
    case("unnamed", DAMAGED, node + " is not in data/goals.json", lambda g: g["nodes"].pop(node))
    case("data", REFUSED, "recording",
         lambda g: g["data"].update({"../x": {"sha256": "0" * 64, "included": False}}))
    case("data-missing", DAMAGED, "recording",
         lambda g: g["data"].update({"x": {"sha256": "0" * 64, "included": True}}))
    for label, text in [("none", None), ("empty", b""), ("list", b"[]"), ("cut", b'{"goals": ['),
                        ("deep", b"[" * 100000), ("twice", b'{"set": "", "set": ""}'),
                        ("latin1", b'{"set": "\xe9"}'), ("no-nodes", b'{"format": "basin 1"}')]:
        more = {**files, "data/goals.json": text}
        if text is None:
            del more["data/goals.json"]
        bags.add("goals-json-%s.zip" % label, zipped(tagged(more)), DAMAGED, "goals.json")
    run = next(n for n in files if n.startswith("data/runs/"))
    edited = files[run].replace(b'"ring/', b'"rong/')
    bags.add("goals-seal.zip", zipped(tagged({**files, run: edited})), DAMAGED, "seal")


# --- damage ---------------------------------------------------------------------------


def read_by_python(data):
    """Name -> bytes as zipfile reads it; None if it cannot."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            return {n: z.read(n) for n in z.namelist()}
    except Exception:
        return None


def damage(bags, good):
    whole = zipped(good)
    truth = read_by_python(whole)
    gz = tarred(good, "w:gz")
    random.seed(1)
    for i in range(12):
        at = len(whole) * i // 12 + random.randrange(len(whole) // 12)
        bags.add("cut-%d.zip" % i, whole[:at], DAMAGED, "")
        bags.add("cut-%d.tar.gz" % i, gz[:len(gz) * i // 12], DAMAGED, "")
    for i in range(80):
        flipped = bytearray(whole)
        # half of them in the headers and the table of contents at the end
        at = random.randrange(len(whole)) if i % 2 else len(whole) - 1 - random.randrange(2000)
        flipped[at] ^= 1 << random.randrange(8)
        same = read_by_python(bytes(flipped)) == truth
        bags.add("flip-%d.zip" % i, bytes(flipped), "0|3|7" if same else "3|7")
    encrypted = bytearray(whole)
    for sig, off in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[whole.index(sig) + off] |= 1
    bags.add("encrypted.zip", bytes(encrypted), REFUSED, "encrypted")
    one = whole.index(b"basin-test/data/CITATION.cff")
    other = bytearray(whole)
    other[one:one + 28] = b"basin-test/data/CITATION.cfg"
    bags.add("two-names.zip", bytes(other), REFUSED, "another one")
    bags.add("before.zip", shifted(whole, b"PK to begin with"), REFUSED, "no entry")
    bags.add("after.zip", whole + b"more", DAMAGED, "table of contents")
    bags.add("nothing.zip", b"", DAMAGED, "")
    bags.add("text.zip", b"hello\n" * 1000, DAMAGED, "")


def shifted(data, before):
    """Something before the first entry, and every offset right."""
    end = data.rindex(b"PK\5\6")
    n, = struct.unpack_from("<H", data, end + 10)
    at, = struct.unpack_from("<I", data, end + 16)
    out = bytearray(data)
    struct.pack_into("<I", out, end + 16, at + len(before))
    for _ in range(n):
        offset, = struct.unpack_from("<I", out, at + 42)
        struct.pack_into("<I", out, at + 42, offset + len(before))
        a, b, c = struct.unpack_from("<3H", out, at + 28)
        at += 46 + a + b + c
    return before + bytes(out)


def main(folder, only=None):
    warnings.simplefilter("ignore")      # of names that are there twice
    facts = json.load(open(os.path.join(folder, "facts.json")))
    files = payload(facts, folder)
    good = tagged(files)
    bags = Bags(folder)
    bags.add("good.zip", zipped(good), WHOLE, "whole")
    if only:
        return
    bags.add("good-stored.zip", zipped(good, zipfile.ZIP_STORED), WHOLE, "whole")
    for mode, end in (("w", "tar"), ("w:gz", "tar.gz"), ("w:xz", "tar.xz")):
        bags.add("good." + end, tarred(good, mode), WHOLE, "whole")
    names(bags, good)
    dotted(bags, good)
    kinds(bags, good)
    bombs(bags, good)
    million(bags)
    manifests(bags, files)
    goals(bags, files)
    damage(bags, good)
    hdf5(bags, files)
    bags.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
