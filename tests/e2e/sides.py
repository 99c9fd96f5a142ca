"""A small real data set a child could learn: files of low bytes against files of high bytes, and how many of them."""

import random
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sides:
    """A folder of files with its labels, and files held back."""

    folder: Path
    labels: Path
    unseen: dict[str, tuple[bytes, str]]  # name -> (bytes, the true side)


def write_sides(where: Path, *, files: int = 80, held_back: int = 10, seed: int = 3) -> Sides:
    """Write the files and their labels.csv below `where`."""
    draw = random.Random(seed)
    folder = where / "files"
    folder.mkdir(parents=True)
    rows, unseen = ["ID,side,level"], {}
    for i in range(files + held_back):
        side, level = ("low", "high")[i % 2], draw.random()
        body = bytes(128 * (i % 2) + int(127 * level * draw.random()) for _ in range(draw.randint(40, 300)))
        if i < files:
            (folder / f"{i:03d}.bin").write_bytes(body)
            rows.append(f"{i:03d},{side},{level:.4f}")
        else:
            unseen[f"{i:03d}.bin"] = (body, side)
    labels = where / "labels.csv"
    labels.write_text("\n".join(rows) + "\n")
    return Sides(folder, labels, unseen)
