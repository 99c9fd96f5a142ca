"""Archives and files as people have them: junk, odd names, broken, hostile."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable

import httpx
from backports import zstd

from tests.app.api.odd_inputs.case import Case, Place, new_name

LABELS = b"ID,y\na,x\nb,z\n"
GOOD = {"d/a.txt": b"first", "d/b.txt": b"second"}


def archive(content: bytes, labels: bytes = LABELS):
    """Upload this archive."""

    def send(place: Place) -> httpx.Response:
        form = {"labels": ("labels.csv", labels), "archive": ("archive", content)}
        return place.client.post("/datasets", data={"name": new_name()}, files=form)

    return send


def files(*named: tuple[str | None, bytes], labels: bytes = LABELS):
    """Upload these files as parts of the form."""

    def send(place: Place) -> httpx.Response:
        parts = [("labels", ("labels.csv", labels)), *(("file", one) for one in named)]
        return place.client.post("/datasets", data={"name": new_name()}, files=parts)

    return send


def tar(members: dict[str, bytes], change: Callable[[tarfile.TarInfo], object] = lambda _: None) -> bytes:
    """A tar of regular files; `change` may turn the last one into something else."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for at, (name, content) in enumerate(members.items(), 1):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if at == len(members):
                change(info)
            made.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return out.getvalue()


def linked(kind: bytes, to: str = "d/a.txt") -> bytes:
    """A tar whose last member is a link or a device."""

    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, to, 0

    return tar({**GOOD, "d/link": b""}, change)


def encrypted() -> bytes:
    """A zip whose members carry the flag of encryption."""
    made = bytearray(zipped(GOOD, zipfile.ZIP_STORED))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = made.find(signature)
        while at >= 0:
            made[at + flags] |= 1
            at = made.find(signature, at + 4)
    return bytes(made)


def bomb(place: Place) -> httpx.Response:
    """A tar of one file of zeros, compressed thirty thousand times."""
    info = tarfile.TarInfo("a.txt")
    info.size = 300 << 20
    packer, chunk = zstd.ZstdCompressor(), bytes(1 << 20)
    content = packer.compress(info.tobuf()) + b"".join(packer.compress(chunk) for _ in range(300)) + packer.flush()
    return archive(content)(place)


MAC = {"__MACOSX/d/._a.txt": b"junk", "d/.DS_Store": b"junk", "Thumbs.db": b"junk", "d/desktop.ini": b"junk"}

CASES = [
    Case(".tar", archive(tar(GOOD)), 201, "2 files"),
    Case(".tar.gz", archive(gzip.compress(tar(GOOD))), 201, "2 files"),
    Case(".tar.bz2", archive(bz2.compress(tar(GOOD))), 201, "2 files"),
    Case(".tar.xz", archive(lzma.compress(tar(GOOD))), 201, "2 files"),
    Case(".tar.zst", archive(zstd.compress(tar(GOOD))), 201, "2 files"),
    Case(".zip, deflated", archive(zipped(GOOD)), 201, "2 files"),
    Case(".zip, stored", archive(zipped(GOOD, zipfile.ZIP_STORED)), 201, "2 files"),
    Case("a Mac's and a Windows' hidden files", archive(zipped({**GOOD, **MAC})), 201, "ignored"),
    Case("members that begin with ./", archive(tar({f"./{k}": v for k, v in GOOD.items()})), 201, "2 files"),
    Case("an empty file", archive(tar({**GOOD, "d/c.txt": b""}), LABELS + b"c,x\n"), 201, "empty"),
    Case(
        "two stems equal but for the folder", archive(tar({"1/a.txt": b"1", "2/a.txt": b"2", "b.txt": b"3"})), 422, "a"
    ),
    Case(
        "the same, with paths as IDs",
        archive(tar({"1/a.txt": b"1", "2/a.txt": b"2"}), b"ID,y\n1/a.txt,x\n2/a.txt,z\n"),
        201,
        "2 labelled",
    ),
    Case("a.txt and a.bin for one ID", archive(tar({"a.txt": b"1", "a.bin": b"2", "b.txt": b"3"})), 422, "a"),
    Case(
        "a dot in the stem",
        archive(tar({"v1.0.bin": b"1", "v1.1.bin": b"2"}), b"ID,y\nv1.0,x\nv1.1,z\n"),
        201,
        "2 labelled",
    ),
    Case(
        "a name of 255 bytes",
        archive(tar({"a" * 251 + ".txt": b"1", "b.txt": b"2"}), b"ID,y\n" + b"a" * 251 + b",x\nb,z\n"),
        201,
        "2 labelled",
    ),
    Case("a name that is not UTF-8", archive(tar({"\udcff.txt": b"1", **GOOD})), 201, "xff.txt"),
    Case("a name with a newline", archive(tar({"a\nb.txt": b"1", **GOOD})), 201, "a\\nb.txt"),
    Case(
        "a decomposed é in the name, a composed one in the label",
        archive(tar({"e\u0301.txt": b"1", "b.txt": b"2"}), "ID,y\n\u00e9,x\nb,z\n".encode()),
        201,
        "2 labelled",
    ),
    Case("a name that climbs out with ..", archive(tar({"../a.txt": b"1", "b.txt": b"2"})), 422, ".."),
    Case("an absolute name", archive(tar({"/etc/a.txt": b"1", "b.txt": b"2"})), 422, "absolute"),
    Case("a Windows drive in the name", archive(zipped({"C:/a.txt": b"1", "b.txt": b"2"})), 422, "C:"),
    Case("a symbolic link", archive(linked(tarfile.SYMTYPE, "/etc/passwd")), 422, "link"),
    Case("a hard link", archive(linked(tarfile.LNKTYPE)), 422, "link"),
    Case("a device", archive(linked(tarfile.CHRTYPE)), 422, "device"),
    Case("a named pipe", archive(linked(tarfile.FIFOTYPE)), 422, "pipe"),
    Case("one name twice", archive(tar({"a.txt": b"1", "./a.txt": b"2", "b.txt": b"3"})), 422, "a.txt"),
    Case("an archive without a file", archive(tar({})), 422, "no files"),
    Case("an archive of junk alone", archive(zipped(MAC)), 422, "no files"),
    Case("an encrypted zip", archive(encrypted()), 422, "encrypted"),
    Case("a tar cut short", archive(tar(GOOD)[:700]), 422, "ends"),
    Case("a .tar.gz cut short", archive(gzip.compress(tar({"d/a.txt": bytes(range(256)) * 40}))[:100]), 422, "ends"),
    Case("a zip cut short", archive(zipped(GOOD)[:-10]), 422, "zip"),
    Case(
        "a zip with a changed byte", archive(zipped(GOOD, zipfile.ZIP_STORED).replace(b"first", b"fIrst")), 422, "a.txt"
    ),
    Case("a bomb: 300 MB of zeros in 10 KB", bomb, 422, "times its size"),
    Case("no archive at all", archive(b"just some text"), 422, "archive"),
    Case("an empty body as archive", archive(b""), 422, "empty"),
    Case("a .rar", archive(b"Rar!\x1a\x07\x01\x00" + bytes(100)), 422, "tar"),
    Case("a .7z", archive(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(100)), 422, "tar"),
    Case("single files", files(("a.txt", b"1"), ("b.txt", b"2")), 201, "2 files"),
    Case("single files of one name", files(("a.txt", b"1"), ("a.txt", b"2"), ("b.txt", b"3")), 422, "a.txt"),
    Case("a single file without a name", files((None, b"1"), ("b.txt", b"2")), 422, "name"),
    Case("a single file whose name climbs out", files(("../a.txt", b"1"), ("b.txt", b"2")), 422, ".."),
]
