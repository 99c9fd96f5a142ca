"""The one shape of every error (RFC 9457)."""

from typing import Any

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class ProblemFault(BaseModel):
    """One thing that is wrong with the request."""

    pointer: str = Field(
        description="Where: an RFC 6901 pointer into the JSON body or to a part of the form (/labels, /file/3), empty "
        "for the whole body; without a slash the name of a parameter or header."
    )
    detail: str = Field(description="What is wrong there and how to mend it.")
    row: int | None = Field(None, description="Row of the table in that part; the header is row 1.")
    column: str | None = Field(None, description="Column of the table in that part.")


class Problem(BaseModel):
    """An error in RFC 9457's form; `type` is the path of a page on this server that explains the rule."""

    type: str = Field(examples=["/problems/not-found"])
    title: str = Field(description="The rule in a few words; the same for every occurrence.")
    status: int = Field(description="The HTTP status, again.")
    detail: str = Field(description="This occurrence: what is wrong and how to mend it.")
    instance: str = Field(description="The path that was asked.")
    request_id: str = Field(description="X-Request-Id of the answer; the server's log lines carry it too.")
    errors: list[ProblemFault] = Field(description="Every fault found, not only the first; may be empty.")


class ProblemType(BaseModel):
    """What a problem type means; `type` of a problem resolves to it."""

    type: str
    title: str
    status: int
    cause: str
    mend: str
    example: Problem


class ProblemTypes(BaseModel):
    """Every problem type of this service, by status."""

    problems: list[ProblemType]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides its success, for its `responses`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": MEANING[status], "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


MEANING = {
    400: "The body cannot be read.",
    404: "What was named does not exist.",
    409: "The present state does not allow this.",
    413: "Larger than allowed.",
    415: "This content type is not taken here.",
    416: "The header Range names no bytes of the file.",
    422: "The content breaks a rule; `errors` names each.",
    500: "The server failed; its log has the cause under `request_id`.",
    503: "Too much to do right now, or the database does not answer; `Retry-After` says when to come back.",
    507: "The disk is full; nothing was stored.",
}
