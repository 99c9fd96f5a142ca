"""What the service stores, written to disk: whole or not at all, and only when its digest is the promised one."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import httpx

from octet.errors import Refused, Unreachable
from octet.proxies import proxy_for


def download(http: httpx.Client, url: str, path: str, target: str | Path, **params: str) -> Path:
    """Write what lies at a path of the service to `target`.

    url: of the service, for its errors. Raises Refused, and Unreachable when other bytes arrived than were sent.
    """
    target = Path(target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        with http.stream("GET", path, params=params) as answer:
            if answer.is_error:
                answer.read()
                raise Refused.of(answer)
            with temporary.open("wb") as file:
                for piece in answer.iter_bytes():
                    digest.update(piece)
                    file.write(piece)
        if (tag := answer.headers["etag"].strip('"')) != digest.hexdigest():
            raise Unreachable(url, f"other bytes arrived than {tag}")
        temporary.replace(target)
    except httpx.TransportError as error:
        raise Unreachable(url, str(error) or type(error).__name__, proxy_for(url)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return target
