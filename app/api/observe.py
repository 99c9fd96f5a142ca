"""The outermost layer: a request's id, its log line, its count, and the 500 of what nobody foresaw."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.context import Context
from app.api.problems import nul_in_address, unexpected
from app.api.root import placed
from app.tracing import TRACEPARENT, Origin, about

log = logging.getLogger("octet.http")

SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
CLIENT_GONE = 499
"""nginx's word for it: nobody was there to answer. For logs and counts only."""
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}


class Observe:
    """ASGI layer around the application."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._telemetry = context.telemetry
        self._leaving = context.leaving
        self._root_path = context.parts.settings.http.root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see to it that it is answered, counted and logged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = placed(scope, self._root_path)
        headers = Headers(scope=scope)
        asked, traces = headers.get("x-request-id", ""), headers.getlist(TRACEPARENT)
        request_id = asked if SAFE_ID.fullmatch(asked) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        origin = Origin.of(traces[0] if len(traces) == 1 else None, request_id)
        with about(origin):
            await self._answer(scope, receive, send, origin)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, origin: Origin) -> None:
        status, began = 0, time.perf_counter()

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered["x-request-id"] = origin.request_id or ""
                answered[TRACEPARENT] = origin.traceparent
                if self._leaving.is_set():
                    answered["connection"] = "close"
            await send(message)

        try:
            await self._pass_on(scope, receive, tagged)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception:
            fields = {"request_id": origin.request_id, "path": scope["path"]}
            log.exception("unexpected error", extra={"fields": fields})
            if status:
                raise  # half an answer is out: only a broken connection tells the client so
            await unexpected(Request(scope))(scope, receive, tagged)
        finally:
            self._note(scope, status or CLIENT_GONE, time.perf_counter() - began)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the application; HEAD as GET, whose body the server leaves out (RFC 9110, section 9.3.2)."""
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await nul_in_address(Request(scope))(scope, receive, send)
            return
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "method": "GET"}  # a copy: the server looks at its own to know that no body goes out
        try:
            await self._app(inner, receive, send)
        finally:
            scope.update({name: inner[name] for name in ("route", "path_params") if name in inner})

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in METHODS else "(other)"
        self._telemetry.answered(method, route, status, seconds)
        named = scope.get("path_params", {})
        fields = {
            **{job: named[f"{job}_id"] for job in ("run", "prediction") if f"{job}_id" in named},
            "method": method,
            "path": scope["path"],
            "status": status,
            "ms": round(seconds * 1000, 2),
        }
        log.log(_level(method, status), "%s %s -> %d", method, scope["path"], status, extra={"fields": fields})


def _level(method: str, status: int) -> int:
    """What changes something or is refused is worth a line; what only reads, and is polled, is for who debugs."""
    if status >= 500:
        return logging.WARNING
    return logging.DEBUG if method == "GET" and status < 400 else logging.INFO
