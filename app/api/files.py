"""The files in a prediction request, in each of its three forms. Only what the model wants of a file is kept."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from starlette.requests import Request

from app.api.body import chunks, json_pointer, read_json
from app.api.multipart import PIECE_BYTES, PartHeader, read_form
from app.api.spool import Spool
from app.errors import Example, Fault, Invalid, TooLarge
from app.settings import LimitSettings

FIELD = "file"


class EmptyFile(Invalid):
    """A file without a single byte has no answer."""

    rule = "empty-file"
    title = "The file is empty"
    mend = "Leave empty files out; send the bytes of the file as the body (curl --data-binary @FILE)."
    example = Example("the body is empty; send the bytes of one file", "")


@dataclass(slots=True)
class Received:
    """One file: its first `keep` bytes in the spool, and how many it had in all. A sink of the multipart parser.

    The files of a request are written one after the other: each is a range of the spool.
    """

    spool: Spool
    keep: int
    name: str | None = None
    size: int = 0
    begin: int = 0
    kept: int = 0

    def __post_init__(self) -> None:
        self.begin = self.spool.size

    @property
    def room(self) -> int:
        """How many of the next bytes are kept."""
        return self.keep - self.kept

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises OSError (ENOSPC)."""
        self.size += len(data)
        if self.room:
            piece = data[: self.room]
            self.spool.write(piece)
            self.kept += len(piece)

    def close(self) -> None:
        """Nothing to do: the parser says that the part is complete."""


@dataclass(frozen=True, slots=True)
class Intake:
    """How the files of a request are taken in: where their bytes go, how many of each are kept, and the limits."""

    spool: Spool
    keep: int
    limits: LimitSettings

    def file(self, name: str | None = None) -> Received:
        """The next file."""
        return Received(self.spool, self.keep, name)


def contents(files: list[Received]) -> list[memoryview]:
    """What is kept of each file: views on the one spool of them all."""
    view = files[0].spool.view()
    return [view[file.begin : file.begin + file.kept] for file in files]


async def read_raw(request: Request, intake: Intake) -> list[Received]:
    """The body itself is the one file. Raises EmptyFile, TooLarge, OSError (ENOSPC)."""
    file, held, count = intake.file(), list[bytes](), 0
    async for chunk in chunks(request, limit_bytes=intake.limits.predict_max_bytes):
        held.append(chunk)
        count += len(chunk)
        if count >= PIECE_BYTES:
            await _take(file, held, count)
            held, count = [], 0
    await _take(file, held, count)
    if file.size == 0:
        raise EmptyFile("the body is empty; send the bytes of one file", [Fault("", "the body is empty")])
    return [file]


async def _take(file: Received, pieces: list[bytes], count: int) -> None:
    """Write pieces of `count` bytes in all: in a thread where a disk is waited for, else at once."""
    if not file.room:
        file.size += count
    elif file.spool.fits(count):
        file.write(b"".join(pieces))
    else:
        await anyio.to_thread.run_sync(file.write, b"".join(pieces))


async def read_multipart(request: Request, intake: Intake) -> list[Received]:
    """Every part called `file` is a file.

    Raises Invalid for other parts, EmptyFile, TooLarge, Malformed, OSError (ENOSPC).
    """
    files, limits = list[Received](), intake.limits

    def open_part(header: PartHeader) -> Received:
        if header.name != FIELD:
            fault = Fault(json_pointer([header.name]), f"unknown part; every file is sent as {FIELD}")
            raise Invalid(f"there is no part called {header.name} here; every file is sent as {FIELD}", [fault])
        if len(files) == limits.max_items:
            raise TooLarge(f"more than {limits.max_items} files; send them in several requests")
        files.append(intake.file(header.filename))
        return files[-1]

    await read_form(request, open_part, limit_bytes=limits.predict_max_bytes)
    if not files:
        raise Invalid("the form has no file", [Fault(f"/{FIELD}", "missing; send one part or more called file")])
    _refuse_empty(files, [f"/{FIELD}/{place}" for place in range(len(files))])
    return files


async def read_eir(request: Request, intake: Intake, input_name: str) -> list[Received]:
    """EIR's request, [{input name: base64}, ...].

    Raises Invalid with a pointer per fault, EmptyFile, TooLarge, Malformed, OSError (ENOSPC).
    """
    limits = intake.limits
    body = await read_json(request, limit_bytes=limits.json_max_bytes)
    if not isinstance(body, list) or not body:
        mend = f'a JSON prediction is a list, [{{"{input_name}": BASE64}}, ...]; raw bytes need another content type'
        raise Invalid(mend, [Fault("", mend)])
    if len(body) > limits.max_items:
        raise TooLarge(f"{len(body)} items; at most {limits.max_items} are taken")
    return await anyio.to_thread.run_sync(_decode, body, intake, input_name)


def _decode(body: list[Any], intake: Intake, input_name: str) -> list[Received]:
    files: list[Received] = []
    faults: list[Fault] = []
    for place, item in enumerate(body):
        file = intake.file()
        try:
            file.write(_bytes_of(item, place, input_name))
        except _Wrong as wrong:
            faults.append(wrong.fault)
        files.append(file)
    if faults:
        raise Invalid(f"{faults[0].pointer}: {faults[0].detail}", faults)
    _refuse_empty(files, [json_pointer([place, input_name]) for place in range(len(files))])
    return files


class _Wrong(Exception):
    def __init__(self, path: list[int | str], detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(json_pointer(path), detail)


def _bytes_of(item: Any, place: int, input_name: str) -> bytes:
    if not isinstance(item, dict):
        raise _Wrong([place], f'must be an object, {{"{input_name}": BASE64}}')
    for name in item:
        if name != input_name:
            raise _Wrong([place, name], f"unknown input; this model has one, called {input_name}")
    if input_name not in item:
        raise _Wrong([place, input_name], "missing")
    text = item[input_name]
    if not isinstance(text, str):
        raise _Wrong([place, input_name], "must be a string of base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Wrong([place, input_name], f"not base64 ({error}); use the standard alphabet with padding") from error


def _refuse_empty(files: list[Received], pointers: list[str]) -> None:
    faults = [
        Fault(pointer, "the file is empty") for file, pointer in zip(files, pointers, strict=True) if not file.size
    ]
    if faults:
        raise EmptyFile(f"{len(faults)} of {len(files)} files are empty; leave them out", faults)
