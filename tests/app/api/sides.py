"""A tiny data set over HTTP: files of low or of high bytes, with a class and a number to learn."""

import io
import random
import tarfile

import httpx

PLAN = {"steps": 12, "batch": 8, "threads": 1}
TARGETS = ["side", "level"]


def files(count: int = 40, seed: int = 1) -> dict[str, bytes]:
    """Odd numbers are high."""
    draw = random.Random(seed)
    return {
        f"{i:03d}.bin": bytes(128 * (i % 2) + draw.randrange(128) for _ in range(draw.randint(20, 60)))
        for i in range(count)
    }


def labels(names: list[str]) -> bytes:
    rows = [f"{name[:3]},{'high' if int(name[:3]) % 2 else 'low'},{int(name[:3]) / 7:.3f}" for name in names]
    return ("ID,side,level\n" + "\n".join(rows) + "\n").encode()


def archive(contents: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(f"folder/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def form(count: int = 40, seed: int = 1) -> dict[str, tuple[str, bytes]]:
    """The file parts of an upload."""
    contents = files(count, seed)
    return {"labels": ("labels.csv", labels(list(contents))), "archive": ("files.tar.gz", archive(contents))}


def upload(client: httpx.Client, name: str = "sides", seed: int = 1) -> dict[str, object]:
    answer = client.post("/datasets", data={"name": name}, files=form(seed=seed))
    assert answer.status_code == 201, answer.text
    return answer.json()


def body(name: str = "sides", **more: object) -> dict[str, object]:
    """A short run over both targets."""
    return {"dataset": name, "targets": TARGETS, "plan": PLAN, **more}


def submit(client: httpx.Client, **more: object) -> str:
    answer = client.post("/runs", json=body(**more))
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]
