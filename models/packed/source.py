"""Bytes of an archive as they come out of its compression: plain, gzip, bzip2, xz or zstd, chunk by chunk."""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from models.packed.limits import Meter
from models.packed.problems import ArchiveError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK = 1 << 20
_PACKED_CHUNK = 1 << 16
"""What is left of a chunk is copied at the end of each member of a compressed stream, and a member may be tiny."""
_XZ_MEMORY = 256 << 20
_ZSTD_WINDOW_LOG = 27  # 128 MiB, what zstd itself unpacks without being asked
_CUT = "the archive ends too early: it is truncated; make or send it again"
_BROKEN = "the archive is damaged ({error}); make or send it again"


def plain(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file."""
    while chunk := file.read(CHUNK):
        yield chunk


def gunzip(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a gzip file, of all its members; their checksums are checked. Raises ArchiveError."""
    inflater, packed, between = zlib.decompressobj(31), b"", True
    while packed := packed or file.read(_PACKED_CHUNK):
        if between and not (packed := packed.lstrip(b"\0")):
            continue  # zero padding behind a member
        between = False
        try:
            out = inflater.decompress(packed, CHUNK)
        except zlib.error as error:
            raise ArchiveError(_BROKEN.format(error=error)) from error
        if out:
            yield out
        packed = inflater.unconsumed_tail
        if inflater.eof:
            packed, between, inflater = inflater.unused_data, True, zlib.decompressobj(31)
    if not between:
        raise ArchiveError(_CUT)


def unxz(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an xz file, of all its streams; their checksums are checked. Raises ArchiveError."""
    return _streams(file, lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY))


def unbzip2(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a bzip2 file, of all its streams; their checksums are checked. Raises ArchiveError."""
    return _streams(file, bz2.BZ2Decompressor)


def unzstd(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a zstd file, of all its frames; checksums are checked where there are any. Raises ArchiveError."""
    options = {int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG}
    return _streams(file, lambda: zstd.ZstdDecompressor(options=options))


class _Decoder(Protocol):
    """What lzma, bz2 and zstd offer alike: output in bounded pieces, so that a bomb does not fill the memory."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


def _streams(file: BinaryIO, new_decoder: Callable[[], _Decoder]) -> Iterator[bytes]:
    """The bytes of compressed streams that stand one behind the other. Raises ArchiveError."""
    decoder, packed, between = new_decoder(), b"", True
    while packed or not decoder.needs_input or (packed := file.read(_PACKED_CHUNK)):
        if between and not (packed := packed.lstrip(b"\0")):
            continue  # stream padding
        between = False
        try:
            out = decoder.decompress(packed, CHUNK)
        except (lzma.LZMAError, zstd.ZstdError, OSError) as error:  # bz2 raises OSError
            if "limit" in str(error) or "too much memory" in str(error):
                raise ArchiveError("the archive needs too much memory to unpack; compress it less hard") from error
            raise ArchiveError(_BROKEN.format(error=error)) from error
        if out:
            yield out
        packed = b""
        if decoder.eof:
            packed, between, decoder = decoder.unused_data, True, new_decoder()
    if not between:
        raise ArchiveError(_CUT)


class Source:
    """Reads exact amounts from a stream of chunks; what comes out is metered."""

    def __init__(self, chunks: Iterator[bytes], meter: Meter) -> None:
        self._chunks = chunks
        self._meter = meter
        self._chunk = b""
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """Bytes taken so far."""
        return self._before + self._at

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises ArchiveError when the stream ends before."""
        end = self._at + size
        if end <= len(self._chunk):
            taken = self._chunk[self._at : end]
            self._at = end
            return taken
        return b"".join(self.pieces(size))

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, which stay where they are; fewer when the stream ends before."""
        while len(self._chunk) - self._at < size and (more := next(self._chunks, b"")):
            self._meter.unpacked(len(more))
            self._chunk += more
        return self._chunk[self._at : self._at + size]

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes, chunk by chunk. Raises ArchiveError when the stream ends before."""
        while size:
            if self._at == len(self._chunk) and not self._next():
                raise ArchiveError(_CUT)
            piece = self._chunk[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def skip_to(self, position: int) -> None:
        """Pass over bytes up to `position`. Raises ArchiveError when the stream ends before."""
        while position > self._before + len(self._chunk):
            if not self._next():
                raise ArchiveError(_CUT)
        self._at = position - self._before

    def rest(self) -> Iterator[bytes]:
        """All that is left."""
        while self._at < len(self._chunk) or self._next():
            piece = self._chunk[self._at :]
            self._at = len(self._chunk)
            yield piece

    def _next(self) -> bool:
        """Go to the next chunk; False at the end of the stream."""
        self._before += len(self._chunk)
        self._chunk, self._at = next(self._chunks, b""), 0
        self._meter.unpacked(len(self._chunk))
        return bool(self._chunk)
