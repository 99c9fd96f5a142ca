"""What README.md and the tutorial take for granted: a folder of reviews with labels, an archive of it, some photos."""

import random
import shutil
import subprocess
from pathlib import Path

GOOD = "a warm and clever film, I laughed; wonderful, moving, a joy from start to end, superb acting"
BAD = "a dull and clumsy film, I yawned; awful, boring, a waste from start to end, wooden acting"
REVIEWS, INBOX, PHOTOS = 60, 4, 12


def furnish(folder: Path, seed: int = 7) -> None:
    """Write reviews/, labels.csv, reviews.tar.gz, review.txt, inbox/ and photos/{cats,dogs} into the folder."""
    draw = random.Random(seed)
    rows = ["ID,Sentiment"]
    (folder / "reviews").mkdir()
    (folder / "inbox").mkdir()
    for number in range(REVIEWS):
        (folder / f"reviews/{number:03d}.txt").write_text(_review(draw, good=number % 2 == 0))
        rows.append(f"{number:03d},{('Positive', 'Negative')[number % 2]}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    for number in range(INBOX):
        (folder / f"inbox/{number}.txt").write_text(_review(draw, good=number % 2 == 0))
    shutil.copy(folder / "inbox/0.txt", folder / "review.txt")
    for kind, shade in (("cats", 40), ("dogs", 200)):
        (folder / "photos" / kind).mkdir(parents=True)
        for number in range(PHOTOS):
            pixels = bytes(min(255, shade + draw.randrange(50)) for _ in range(8 * 8 * 3))
            (folder / f"photos/{kind}/{number:02d}.ppm").write_bytes(b"P6 8 8 255\n" + pixels)
    subprocess.run(["tar", "-czf", "reviews.tar.gz", "-C", "reviews", "."], cwd=folder, check=True)


def _review(draw: random.Random, *, good: bool) -> str:
    return " ".join(draw.choices((GOOD if good else BAD).split(), k=draw.randint(20, 60))) + "\n"
