"""The files in a prediction request, in each of its three forms. Only what the model can read of a file is kept."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
from starlette.requests import Request

from app.api.body import chunks, json_pointer, read_json
from app.api.multipart import PartHeader, read_form
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
    """One file: its first `keep` bytes, and how many it had in all. A sink of the multipart parser."""

    keep: int
    name: str | None = None
    size: int = 0
    head: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self.size += len(data)
        if (room := self.keep - len(self.head)) > 0:
            self.head += data[:room]

    def close(self) -> None:
        """Nothing to do: the parser says that the part is complete."""


async def read_raw(request: Request, keep: int, limits: LimitSettings) -> list[Received]:
    """The body itself is the one file. Raises EmptyFile, TooLarge."""
    file = Received(keep)
    async for chunk in chunks(request, limit_bytes=limits.predict_max_bytes):
        file.write(chunk)
    if file.size == 0:
        raise EmptyFile("the body is empty; send the bytes of one file", [Fault("", "the body is empty")])
    return [file]


async def read_multipart(request: Request, keep: int, limits: LimitSettings) -> list[Received]:
    """Every part called `file` is a file. Raises Invalid for other parts, EmptyFile, TooLarge, Malformed."""
    files: list[Received] = []

    def open_part(header: PartHeader) -> Received:
        if header.name != FIELD:
            fault = Fault(json_pointer([header.name]), f"unknown part; every file is sent as {FIELD}")
            raise Invalid(f"there is no part called {header.name} here; every file is sent as {FIELD}", [fault])
        if len(files) == limits.max_items:
            raise TooLarge(f"more than {limits.max_items} files; send them in several requests")
        files.append(Received(keep, header.filename))
        return files[-1]

    await read_form(request, open_part, limit_bytes=limits.predict_max_bytes)
    if not files:
        raise Invalid("the form has no file", [Fault(f"/{FIELD}", "missing; send one part or more called file")])
    _refuse_empty(files, [f"/{FIELD}/{place}" for place in range(len(files))])
    return files


async def read_eir(request: Request, keep: int, limits: LimitSettings, input_name: str) -> list[Received]:
    """EIR's request, [{input name: base64}, ...].

    Raises Invalid with a pointer per fault, EmptyFile, TooLarge, Malformed.
    """
    body = await read_json(request, limit_bytes=limits.json_max_bytes)
    if not isinstance(body, list) or not body:
        mend = f'a JSON prediction is a list, [{{"{input_name}": BASE64}}, ...]; raw bytes need another content type'
        raise Invalid(mend, [Fault("", mend)])
    if len(body) > limits.max_items:
        raise TooLarge(f"{len(body)} items; at most {limits.max_items} are taken")
    return await anyio.to_thread.run_sync(_decode, body, keep, input_name)


def _decode(body: list[Any], keep: int, input_name: str) -> list[Received]:
    files: list[Received] = []
    faults: list[Fault] = []
    for place, item in enumerate(body):
        file = Received(keep)
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
