"""multipart/form-data as it arrives (RFC 7578): every part goes straight to a place of the caller's choice.

FastAPI's own UploadFile spools the whole body before any guard runs; here the caller sees each part's header first and
each chunk as it comes, so that limits hold while streaming.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.api.body import Malformed, chunks
from app.errors import Unsupported

PIECE_BYTES = 1 << 20
"""Parsing and writing go to a thread in pieces of this size, so that the event loop goes on answering."""


@dataclass(frozen=True, slots=True)
class PartHeader:
    """What a part says about itself. The file name is a client's word: text to show, never a path."""

    name: str
    filename: str | None


class Sink(Protocol):
    """Where one part goes."""

    def write(self, data: memoryview) -> object:
        """Take the next bytes, to be copied before returning."""

    def close(self) -> object:
        """The part is complete."""


async def read_form(request: Request, open_part: Callable[[PartHeader], Sink], *, limit_bytes: int) -> None:
    """Send every part of the body to the sink that `open_part` gives for it.

    Raises Unsupported for another content type, Malformed for a broken body, TooLarge above `limit_bytes`, and what
    `open_part` and the sinks raise. The calls of `open_part` and the sinks run in a worker thread, one at a time.
    """
    parser = _Parser(_boundary(request), open_part)
    held, size = [], 0
    async for chunk in chunks(request, limit_bytes=limit_bytes):
        held.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            await anyio.to_thread.run_sync(parser.feed, b"".join(held))
            held, size = [], 0
    await anyio.to_thread.run_sync(parser.feed, b"".join(held))
    parser.finish()


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise Unsupported(f"the content type is {kind.decode('latin-1') or 'missing'}; send multipart/form-data")
    if not options.get(b"boundary"):
        raise Malformed("the content type names no boundary; let your HTTP client write the header")
    return options[b"boundary"]


class _Parser:
    """The push parser's callbacks put together to whole headers and sinks."""

    def __init__(self, boundary: bytes, open_part: Callable[[PartHeader], Sink]) -> None:
        self._open_part = open_part
        self._field = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._sink: Sink | None = None
        self._complete = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise Malformed(f"the boundary cannot be used: {error}") from error

    def feed(self, data: bytes) -> None:
        if not data:
            return
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Malformed(f"the multipart body is broken: {error}") from error

    def finish(self) -> None:
        if not self._complete:
            raise Malformed("the multipart body ends before its closing boundary")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in options:
            raise Malformed("a part has no name; write Content-Disposition: form-data; name=...")
        filename = options.get(b"filename")
        self._sink = self._open_part(PartHeader(_text(options[b"name"]), None if filename is None else _text(filename)))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._sink is not None:
            self._sink.write(memoryview(data)[start:end])

    def _on_part_end(self) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _on_end(self) -> None:
        self._complete = True


def _text(raw: bytes) -> str:
    """Browsers and curl send UTF-8; what is not is read byte by byte, so that no name is refused."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
