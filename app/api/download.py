"""Files that clients download, whole or in ranges (RFC 9110, section 14); a range that is none is a problem, too."""

from fastapi.responses import FileResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.api.problems import HTTP_RULES, problem
from app.errors import Fault


class Download(FileResponse):
    """A file; Starlette's answer, but for its plain text where the header Range is wrong."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or what of it was asked for."""
        refusal: Response | None = None

        async def checked(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refusal = _no_such_range(Request(scope), dict(message["headers"]).get(b"content-range", b"").decode())
            if refusal is None:
                await send(message)

        await super().__call__(scope, receive, checked)
        if refusal is not None:
            await refusal(scope, receive, send)


def _no_such_range(request: Request, size: str) -> Response:
    asked = request.headers.get("range", "")
    there = f"the file is {size.removeprefix('bytes */')} bytes long" if size else "write bytes=FIRST-LAST"
    detail = f"{asked!r} names no bytes of it: {there}"
    headers = {"content-range": size} if size else None
    return problem(request, HTTP_RULES[416], detail, faults=[Fault("Range", detail)], headers=headers)
