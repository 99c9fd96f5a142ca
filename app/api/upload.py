"""The form of POST /datasets, written to disk as it arrives; whatever the client calls a file, its path is ours."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.api.body import json_pointer
from app.api.multipart import PartHeader, Sink
from app.errors import Example, Fault, Invalid, TooLarge
from app.services.datasets.create import Upload
from app.services.datasets.incoming import refuse_full

TEXT_BYTES = 1 << 16
"""A text field is no longer than this."""
TEXTS = ("name", "types", "id_column", "folder_labels")
FIELDS = "name, labels or folder_labels, id_column, types, archive or file"


class BadForm(Invalid):
    """A part of the upload form is missing, doubled or unknown."""

    rule = "upload-form"
    title = "The upload form is not complete"
    mend = "Send name, labels (or folder_labels), and archive or files, each part once."
    example = Example(
        "/labels: missing; send a CSV, e.g. -F labels=@labels.csv, or folder_labels=TARGET where folders are classes",
        "/labels",
    )


@dataclass(slots=True)
class Text:
    """A field kept in memory."""

    name: str
    value: bytearray = field(default_factory=bytearray)

    def write(self, data: memoryview) -> None:
        """Take the next bytes. Raises TooLarge."""
        if len(self.value) + len(data) > TEXT_BYTES:
            raise TooLarge(f"the field {self.name} is longer than {TEXT_BYTES} bytes")
        self.value += data

    def close(self) -> None:
        """Nothing to do."""


class Stored:
    """A part on disk, which it never fills."""

    def __init__(self, path: Path, reserve_bytes: int) -> None:
        self._folder, self._reserve_bytes = path.parent, reserve_bytes
        self._file = path.open("wb")

    def write(self, data: memoryview) -> None:
        """Take the next bytes. Raises OSError (ENOSPC) while there is still room for others."""
        refuse_full(self._folder, self._reserve_bytes)
        self._file.write(data)

    def close(self) -> None:
        """The part is whole."""
        self._file.close()


class UploadForm:
    """Collects the parts below one folder, on a disk that keeps `reserve_bytes` free."""

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._texts: dict[str, Text] = {}
        self._single: dict[str, Path] = {}
        self._files: list[tuple[str, Path]] = []
        self._open: Stored | None = None

    def open_part(self, header: PartHeader) -> Sink:
        """Where this part goes. Raises BadForm for a part that has no place."""
        if header.name in TEXTS and header.name not in self._texts:
            return self._texts.setdefault(header.name, Text(header.name))
        path = self._folder / f"{len(self._files) + len(self._single)}.part"
        if header.name in {"labels", "archive"} and header.name not in self._single:
            self._single[header.name] = path
        elif header.name == "file":
            self._files.append((self._name_of_file(header), path))
        else:
            twice = header.name in {*self._texts, *self._single}
            detail = "stands twice; send it once" if twice else f"unknown; the parts are {FIELDS}"
            raise BadForm(f"{header.name}: {detail}", [Fault(json_pointer([header.name]), detail)])
        self._open = Stored(path, self._reserve_bytes)
        return self._open

    def _name_of_file(self, header: PartHeader) -> str:
        if not header.filename:
            detail = "has no file name, by which its label is found; send it as file=@NAME"
            raise BadForm(f"file: {detail}", [Fault(f"/file/{len(self._files)}", detail)])
        return header.filename

    def close(self) -> None:
        """Close what an upload that broke off left open."""
        if self._open is not None:
            self._open.close()

    def upload(self) -> Upload:
        """The whole form. Raises BadForm with every missing or wrong part."""
        faults: list[Fault] = []
        name = self._text("name", faults)
        declared = self._types(faults)
        if not name and not any(fault.pointer == "/name" for fault in faults):
            faults.append(Fault("/name", "missing; name the data set, e.g. -F name=reviews"))
        folder_labels, id_column = self._text("folder_labels", faults), self._text("id_column", faults)
        faults += self._label_faults(folder_labels)
        if "archive" not in self._single and not self._files:
            faults.append(Fault("/archive", "missing; send archive=@files.tar.gz, or every file as file=@..."))
        if faults:
            raise BadForm("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults), faults)
        return Upload(
            name=name,
            labels=self._single.get("labels"),
            folder_labels=folder_labels or None,
            id_column=id_column or None,
            archive=self._single.get("archive"),
            files=self._files,
            declared=declared,
        )

    def _label_faults(self, folder_labels: str) -> Iterator[Fault]:
        """Labels come from a CSV, from the names of folders, or there are none: then nothing speaks of them."""
        if "folder_labels" in self._texts and not self._texts["folder_labels"].value.strip():
            yield Fault("/folder_labels", "empty; name the target whose classes are the folders, or leave it out")
        if "labels" not in self._single and not folder_labels:
            mend = (
                "send the labels as a CSV, e.g. -F labels=@labels.csv, or leave it out: files to predict from need none"
            )
            yield from (
                Fault(f"/{said}", f"stands without labels; {mend}")
                for said in ("types", "id_column")
                if said in self._texts
            )
        if not folder_labels:
            return
        if not folder_labels.isprintable():
            yield Fault("/folder_labels", "has a control character in it; give the target a name that can be read")
        for other in ("labels", "types", "id_column"):
            if other in self._single or other in self._texts:
                yield Fault("/folder_labels", f"stands beside {other}, which belongs to a CSV; send one of them")

    def _text(self, field_name: str, faults: list[Fault]) -> str:
        text = self._texts.get(field_name)
        try:
            return text.value.decode().strip() if text else ""
        except UnicodeDecodeError:
            faults.append(Fault(f"/{field_name}", "not UTF-8"))
            return ""

    def _types(self, faults: list[Fault]) -> dict[str, str] | None:
        text = self._text("types", faults)
        if not text:
            return None
        try:
            types = json.loads(text)
        except ValueError as error:
            faults.append(Fault("/types", f'not JSON ({error}); write {{"TARGET": "categorical"}}'))
            return None
        known = {"categorical", "continuous"}
        if not isinstance(types, dict) or not all(isinstance(kind, str) and kind in known for kind in types.values()):
            faults.append(Fault("/types", 'must be an object of target names to "categorical" or "continuous"'))
            return None
        return types


@contextmanager
def collecting(folder: Path, reserve_bytes: int, coming_bytes: int) -> Iterator[UploadForm]:
    """A form that leaves no open file behind. Raises OSError (ENOSPC) when the disk has no room for what comes."""
    if coming_bytes:
        refuse_full(folder, reserve_bytes, coming_bytes)
    form = UploadForm(folder, reserve_bytes)
    try:
        yield form
    finally:
        form.close()
