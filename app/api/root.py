"""Where the service stands in its clients' addresses: behind a proxy, below a path prefix (ASGI's `root_path`)."""

from contextvars import ContextVar
from typing import Annotated

from pydantic import PlainSerializer
from starlette.types import Scope

_root: ContextVar[str] = ContextVar("root", default="")


def placed(scope: Scope, root_path: str) -> Scope:
    """The scope with its `root_path`, the server's own or else this one, and the path below it as ASGI wants it.

    So it does not matter whether the proxy took the prefix off. Links of the answer begin with it from here on.
    """
    root = (scope.get("root_path") or root_path).rstrip("/")
    _root.set(root)
    if not root:
        return scope
    path = scope["path"]
    if path == root:
        path += "/"
    elif not path.startswith(root + "/"):
        path = root + path
    return {**scope, "root_path": root, "path": path, "raw_path": path.encode()}


def route_path(scope: Scope) -> str:
    """The path that routes are matched against: without the prefix."""
    root = str(scope.get("app_root_path", scope.get("root_path", "")))  # below a mount, the root is the mount's
    path = str(scope["path"])
    return path[len(root) :] if root and path.startswith(root + "/") else path


def rooted(path: str) -> str:
    """The path of this service as the client of the present request has to ask for it."""
    return _root.get() + path


Link = Annotated[str, PlainSerializer(rooted)]
"""A path of this service; written with the prefix."""
