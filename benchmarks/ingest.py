"""How a million small files come in: through the packer and through HTTP, beside tar and cp, and what memory it takes.

    .venv/bin/python -m benchmarks.ingest [--files 1000000] [--kinds tar tar.gz zip] [--large 2] [--predict 1]

Files of 1 to 4 KB (about 2.5 KB on average) in a temporary folder. For each kind, in one run: `cp` of the archive,
`tar -xf` (or `unzip`) to disk, the packer in a process of its own, and an upload to a real `octet serve`, whose API
process is sampled while another client uploads a small data set and asks for a prediction, again and again. Then
one file of `--large` GB in an upload, the same in an archive, a prediction from a body of `--predict` GB, and one of
`--items` files, as a form and as JSON.
Prints files/s, MB/s (10^6 unpacked bytes), ratios to `tar -xf`, resident memory of the API, latencies beside those of
an idle service, and the load of the machine. Linux; needs tar, cp and unzip.
"""

import argparse
import base64
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.packing import pack_in_new_process, program, reading, write_archive, write_labels
from benchmarks.served import END, FORM, PIECE, Served, part, serve


@dataclass
class Memory:
    """Resident memory of a process in MB, sampled ten times a second."""

    pid: int
    samples: list[float] = field(default_factory=list)

    def now(self) -> float:
        """At this moment."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

    @contextmanager
    def sampling(self) -> Iterator["Memory"]:
        """Take samples while the block runs."""
        self.samples.clear()
        ended = threading.Event()

        def sample() -> None:
            while not ended.wait(0.1):
                self.samples.append(self.now())

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            yield self
        finally:
            ended.set()
            sampler.join()

    def at(self, *shares: float) -> str:
        """Memory at shares of the time, and the peak."""
        said = [f"{self.samples[int(share * (len(self.samples) - 1))]:.0f}" for share in shares]
        when = " / ".join(f"{share:.0%}" for share in shares)
        return f"{' / '.join(said)} MB at {when}, peak {max(self.samples):.0f} MB"


def timed(name: str, files: int, total: int, work: Callable[[], object], before: float | None = None) -> float:
    """Run a program in a child process and print one line; the seconds."""
    sys.stdout.flush()
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{name} failed")
    say(name, seconds, files, total, before, f"peak {usage.ru_maxrss / 1e3:.0f} MB")
    return seconds


def say(name: str, seconds: float, files: int, total: int, before: float | None, more: str = "") -> None:
    """One line of the table."""
    ratio = f"{files / seconds / before:6.2f} x tar" if before else " " * 12
    load = os.getloadavg()[0]
    speed = f"{files / seconds:9,.0f} files/s {total / seconds / 1e6:7.1f} MB/s"
    print(f"{name:32} {seconds:7.1f} s {speed} {ratio}  load {load:4.1f}  {more}", flush=True)


def measure_kind(work: Path, kind: str, count: int, unpack: int, rounds: int, served: Served) -> None:
    """One kind of archive, all ways; of `unpack` files at most, for a disk may take long to remove them."""
    archive, labels = work / f"files.{kind}", work / "labels.csv"
    before = unpacked(archive, kind, min(count, unpack))
    write_labels(labels, count)
    total = write_archive(archive, kind, count)
    if kind != "tar":
        (work / "files.tar").unlink(missing_ok=True)
    size = archive.stat().st_size
    print(f"{kind}: {count:,} files, {total / 1e6:,.0f} MB, archive {size / 1e6:,.0f} MB")
    timed(f"cp of the archive ({kind})", count, size, program("cp", str(archive), f"{archive}.copy"))
    Path(f"{archive}.copy").unlink()
    pack = work / "pack"
    for _ in range(rounds):
        shutil.rmtree(pack, ignore_errors=True)
        timed(f"octet pack ({kind})", count, total, pack_in_new_process(str(pack), str(labels), str(archive)), before)
    reading(pack)
    shutil.rmtree(pack)
    for number in range(rounds):
        upload(served, f"many-{kind}-{number}", labels, archive, count, total, before)
    archive.unlink()


def unpacked(archive: Path, kind: str, count: int) -> float:
    """Files/s of unpacking so many to disk."""
    tree, total = archive.with_name("tree"), write_archive(archive, kind, count)
    tree.mkdir()
    unzip, untar = ["unzip", "-q", str(archive), "-d", str(tree)], ["tar", "-xf", str(archive), "-C", str(tree)]
    command = unzip if kind == "zip" else untar
    seconds = timed(f"{command[0]} of {count:,} to disk ({kind})", count, total, program(*command))
    shutil.rmtree(tree)
    archive.unlink()
    return count / seconds


def upload(served: Served, name: str, labels: Path, archive: Path, count: int, total: int, before: float) -> None:
    """POST /datasets while others use the service."""
    with served.others() as others, Memory(served.api).sampling() as memory:
        began = time.perf_counter()
        answer = served.upload(name, labels, archive)
        seconds = time.perf_counter() - began
    assert answer["files"] == count, answer
    say(f"POST /datasets ({archive.name})", seconds, count, total, before, f"API {memory.at(0.1, 0.5, 1.0)}")
    print(others.report())
    served.remove(answer["id"])


def measure_large(work: Path, gigabytes: float, served: Served) -> None:
    """One large file, as it is and in an archive."""
    labels, one = work / "large.csv", work / "large.bin"
    labels.write_text("ID,k\nlarge,x\n")
    size = int(gigabytes * 1e9)
    with one.open("wb") as out:
        piece = os.urandom(PIECE)
        for at in range(0, size, PIECE):
            out.write(piece[: size - at])
    tar = work / "large.tar"
    subprocess.run(["tar", "-cf", str(tar), "-C", str(work), "large.bin"], check=True)
    for field_name, path in (("file", one), ("archive", tar)):
        with served.others() as others, Memory(served.api).sampling() as memory:
            began = time.perf_counter()
            answer = served.upload(f"large-{field_name}", labels, path, field_name)
            seconds = time.perf_counter() - began
        say(f"POST /datasets ({path.name})", seconds, 1, size, None, f"API {memory.at(0.1, 0.5, 1.0)}")
        print(others.report())
        served.remove(answer["id"])
    one.unlink()
    tar.unlink()


def measure_predict(gigabytes: float, served: Served) -> None:
    """One prediction from a very long body."""
    size = int(gigabytes * 1e9)
    with served.others() as others, Memory(served.api).sampling() as memory:
        began = time.perf_counter()
        body = (bytes(PIECE)[: size - at] for at in range(0, size, PIECE))
        answer = served.post("/predict", body, size, "text/plain")
        seconds = time.perf_counter() - began
    assert answer["bytes"] == size
    more = f"API {memory.at(0.1, 0.5, 1.0)}; read {answer['read']} bytes"
    say(f"POST /predict of {gigabytes:g} GB", seconds, 1, size, None, more)
    print(others.report())


def measure_items(count: int, served: Served) -> None:
    """One request of many files, as a form and as JSON."""
    files = [bytes(i % 251 for i in range(n % 40 + 1)) for n in range(count)]
    form = b"".join(part("file", data, f"{n}.bin") for n, data in enumerate(files)) + END
    items = json.dumps([{"input": base64.b64encode(data).decode()} for data in files]).encode()
    for name, body, kind in (("multipart", form, FORM), ("JSON", items, "application/json")):
        with served.others() as others:
            began = time.perf_counter()
            answer = served.post("/predict", body, len(body), kind)
            seconds = time.perf_counter() - began
        assert len(answer.get("predictions") or answer["result"]) == count
        say(f"POST /predict of {count:,} ({name})", seconds, count, sum(map(len, files)), None)
        print(others.report())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--kinds", nargs="*", default=["tar", "tar.gz", "zip"])
    parser.add_argument("--unpack", type=int, default=100_000, help="files that tar and unzip write to disk")
    parser.add_argument("--rounds", type=int, default=2, help="how often packing and uploading are measured")
    parser.add_argument("--large", type=float, default=2)
    parser.add_argument("--predict", type=float, default=1)
    parser.add_argument("--items", type=int, default=10_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="octet-ingest-") as name, serve(Path(name) / "data") as served:
        work = Path(name)
        with served.others() as others:
            time.sleep(15)
        print(f"idle service: {others.report().strip()}; API {Memory(served.api).now():.0f} MB")
        for kind in args.kinds:
            measure_kind(work, kind, args.files, args.unpack, args.rounds, served)
        if args.large:
            measure_large(work, args.large, served)
        if args.predict:
            measure_predict(args.predict, served)
        if args.items:
            measure_items(args.items, served)


if __name__ == "__main__":
    main()
