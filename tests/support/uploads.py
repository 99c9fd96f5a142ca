"""Small uploads that tests pack and train on."""

import io
import tarfile
from pathlib import Path

from app.services.datasets.create import Upload


def tar_gz(path: Path, files: dict[str, bytes]) -> Path:
    """An archive of these files in one folder."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"folder/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def an_upload(folder: Path, name: str = "words", *, files: int = 40, mark: str = "") -> Upload:
    """Files full of good or of bad words, labelled so, and with a number each; `mark` makes other content."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {f"r{i:02d}.txt": f"{('good ', 'bad ')[i % 2] * (5 + i)}{mark}".encode() for i in range(files)}
    rows = [f"r{i:02d},{('Positive', 'Negative')[i % 2]},{i}.5\n" for i in range(files)]
    labels = folder / "labels.csv"
    labels.write_text("ID,Sentiment,level\n" + "".join(rows))
    return Upload(name=name, labels=labels, archive=tar_gz(folder / "files.tar.gz", contents))
