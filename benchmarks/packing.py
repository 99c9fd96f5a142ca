"""How fast archives become packs, beside tar and cp, and how much memory it takes; how fast a pack opens and is read.

    .venv/bin/python benchmarks/packing.py [--files 100000] [--kinds tar tar.gz zip] [--folder]

Makes files of 1 to 4 KB (about 2.5 KB on average; half of their bytes compressible) in a temporary folder, packs them
in a process of its own per row, and prints files/s, MB/s (10^6 unpacked bytes) and that process's peak memory.
`--folder` also unpacks the files one by one, for `cp -r` and for packing a folder tree. Linux; needs tar and cp.
"""

import argparse
import io
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from models.packed import PackedDataset, pack


def small_files(count: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents, the same each time."""
    draw = random.Random(7)
    pool = draw.randbytes(1 << 20)
    for i in range(count):
        half, at = draw.randint(500, 2000), draw.randrange((1 << 20) - 2000)
        yield f"files/{i:07d}.bin", pool[at : at + half] + b"all work and no play " * (half // 21)


def write_labels(path: Path, count: int) -> None:
    """A class and a number for each file."""
    with path.open("w") as out:
        out.write("ID,kind,level\n")
        out.writelines(f"{i:07d},class {i % 10},{i * 0.37:.3f}\n" for i in range(count))


def write_archive(path: Path, kind: str, count: int) -> int:
    """An archive of the small files; their bytes."""
    total = 0
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
            for name, data in small_files(count):
                zipped.writestr(name, data)
                total += len(data)
        return total
    with tarfile.open(path.with_name("files.tar"), "w") as archive:
        for name, data in small_files(count):
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
            archive.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
            total += len(data)
    compress = {"tar": None, "tar.gz": "gzip -1", "tar.xz": "xz -0"}[kind]
    if compress:
        subprocess.run(f"{compress} -c files.tar > {path.name}", shell=True, cwd=path.parent, check=True)
    return total


def measured(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds and peak memory in MB of `work`, run in a child process."""
    sys.stdout.flush()
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError("a measured program failed")
    return time.perf_counter() - began, usage.ru_maxrss // 1024


def program(*command: str) -> Callable[[], object]:
    """A command line that replaces the child process."""
    return lambda: os.execvp(command[0], command)


def pack_in_new_process(*arguments: str) -> Callable[[], object]:
    """Pack in a fresh interpreter, so that its memory is its own."""
    return program(sys.executable, __file__, "--pack", *arguments)


def row(name: str, count: int, total: int, work: Callable[[], object]) -> None:
    """Measure and print one line of the table."""
    seconds, peak = measured(work)
    print(f"{name:34} {seconds:8.2f} s {count / seconds:11,.0f} files/s {total / seconds / 1e6:9.1f} MB/s {peak:6d} MB")


def reading(folder: Path) -> None:
    """Opening, and making batches of 64 crops of 1,024 bytes from random files."""
    began = time.perf_counter()
    dataset = PackedDataset.open(folder)
    print(f"open: {(time.perf_counter() - began) * 1e3:.1f} ms for {len(dataset):,} files")
    draw, batches = np.random.default_rng(0), 500
    began = time.perf_counter()
    for _ in range(batches):
        at = draw.integers(0, len(dataset), 64)
        dataset.crops(at, draw.integers(0, dataset.lengths[at]), 1024, 259)
    seconds = time.perf_counter() - began
    print(f"crops: {64 * batches / seconds:,.0f} files/s in batches of 64 x 1,024")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="+", default=["tar", "tar.gz", "zip"])
    parser.add_argument("--folder", action="store_true")
    parser.add_argument("--pack", nargs=3, metavar=("TO", "LABELS", "FROM"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.pack:
        to, labels, source = map(Path, args.pack)
        if source.is_dir():
            pack(to, labels=labels, files=source)
        else:
            pack(to, labels=labels, archive=source)
        return
    with tempfile.TemporaryDirectory(prefix="octet-packing-") as name:
        work = Path(name)
        write_labels(work / "labels.csv", args.files)
        for kind in args.kinds:
            measure_archive(work, kind, args.files)
        reading(work / f"pack-{args.kinds[0]}")
        if args.folder:
            measure_folder(work, args.files)


def measure_archive(work: Path, kind: str, count: int) -> None:
    """Packing an archive beside copying it and beside unpacking it into nothing."""
    archive, labels = work / f"files.{kind}", str(work / "labels.csv")
    total = write_archive(archive, kind, count)
    size = archive.stat().st_size
    print(f"{kind}: {count:,} files, {total / 1e6:,.0f} MB, archive {size / 1e6:,.0f} MB")
    row(f"octet pack {kind}", count, total, pack_in_new_process(str(work / f"pack-{kind}"), labels, str(archive)))
    row(f"cp of the archive {kind}", count, size, program("cp", str(archive), f"{archive}.copy"))
    if kind != "zip":
        row(f"tar -xO {kind} > /dev/null", count, total, program("sh", "-c", f"tar -xOf {archive} > /dev/null"))


def measure_folder(work: Path, count: int) -> None:
    """Unpacking into files, copying them, and packing them from the folder."""
    tree, archive = work / "tree", work / "files.tar"
    tree.mkdir()
    total = write_archive(archive, "tar", count)
    row("tar -xf to files", count, total, program("tar", "-xf", str(archive), "-C", str(tree)))
    row("cp -r of the files", count, total, program("cp", "-r", str(tree), str(work / "copy")))
    to = str(work / "pack-tree")
    row("octet pack of the folder", count, total, pack_in_new_process(to, str(work / "labels.csv"), str(tree)))


if __name__ == "__main__":
    main()
