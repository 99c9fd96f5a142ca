"""POST /predict: one file as the raw body, many as multipart, or EIR's JSON. The hot path: a plain Starlette route."""

import asyncio
from typing import Any, cast

import anyio.to_thread
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.body import media_type, refuse_declared
from app.api.context import context_of
from app.api.files import Intake, Received, contents, read_eir, read_multipart, read_raw
from app.api.parameters import LARGEST, refuse_unknown
from app.api.problems import HTTP_RULES
from app.api.root import rooted
from app.api.spool import Spool
from app.errors import Example, Fault, Invalid
from app.serving.engine import Answers
from app.serving.model import Answer, Categorical, Continuous, is_categorical
from app.serving.servables import Wanted
from app.serving.serving import Loaded, Serving


class BadStep(Invalid):
    """A checkpoint is named by its step, a whole number from 0 on."""

    rule = "bad-step"
    title = "Not a step"
    mend = "Take a step from GET /runs/{run_id}/checkpoints."
    example = Example(
        "'best' is no step; name a checkpoint by the step that GET /runs/RUN/checkpoints shows",
        "checkpoint",
    )


async def predict(request: Request) -> Response:
    """Find the model first, so that of the body no more is kept than it wants; then read, compute, answer."""
    request.scope["route"] = route  # FastAPI notes only its own routes; telemetry counts by this
    context = context_of(request)
    settings = context.parts.settings
    refuse_declared(request, limit_bytes=settings.limits.predict_max_bytes)
    context.serving.admit()
    loaded = await context.serving.find(_wanted(request))
    kind = media_type(request)
    with Spool(settings.incoming_dir, settings.limits.disk_reserve_bytes) as spool:
        most = settings.limits.predict_max_bytes
        intake = Intake(spool, most if loaded.model.whole else loaded.model.read(most), settings.limits)
        files = await _read(request, kind, intake, loaded)
        answers = await _compute(request, context.serving, loaded, files)
    context.telemetry.predictions.labels(FORMS.get(kind, "raw")).inc(len(files))
    if len(files) > INLINE_FILES:
        content = await anyio.to_thread.run_sync(_content, kind, loaded, files, answers)
    else:
        content = _content(kind, loaded, files, answers)
    return Response(content, media_type="application/json")


UNCOMPUTED = "this file could not be computed"
INLINE_FILES = 64
"""The answer to more files is put together in a thread, so that other requests do not wait for it."""
FORMS = {"multipart/form-data": "multipart", "application/json": "eir"}
route = Route("/predict", predict, methods=["POST"])


def _wanted(request: Request) -> Wanted:
    """Whom the query asks. Raises BadStep and UnknownParameter."""
    asked = request.query_params
    refuse_unknown(request, ("run", "model", "checkpoint"))
    step = asked.get("checkpoint")
    if step is not None and not (step.isdecimal() and len(step) <= 10 and int(step) <= LARGEST):
        detail = f"{step!r} is no step; name a checkpoint by the step that GET /runs/RUN/checkpoints shows"
        raise BadStep(detail, [Fault("checkpoint", detail)])
    return Wanted(asked.get("run"), asked.get("model"), None if step is None else int(step))


async def _read(request: Request, kind: str, intake: Intake, loaded: Loaded) -> list[Received]:
    """The files of the body, by its content type."""
    if kind == "multipart/form-data":
        return await read_multipart(request, intake)
    if kind == "application/json":
        return await read_eir(request, intake, loaded.model.input_name)
    return await read_raw(request, intake)


async def _compute(request: Request, serving: Serving, loaded: Loaded, files: list[Received]) -> Answers:
    """Wait for the engine, or for the client to go: then the request leaves the queue."""
    computing = asyncio.ensure_future(serving.predict(loaded, contents(files)))
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({computing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if computing.done():
            return computing.result()
        raise ClientDisconnect
    finally:
        computing.cancel()
        gone.cancel()


def _content(kind: str, loaded: Loaded, files: list[Received], answers: Answers) -> bytes:
    return orjson.dumps(_body(kind, loaded, files, answers))


def _body(kind: str, loaded: Loaded, files: list[Received], answers: Answers) -> dict[str, Any]:
    if kind == "application/json":
        return {"result": [_eir(loaded, answer) for answer in answers]}
    shown = [_shown(loaded, file, answer) for file, answer in zip(files, answers, strict=True)]
    if kind == "multipart/form-data":
        return {"predictions": [{"name": file.name, **one} for file, one in zip(files, shown, strict=True)]}
    if isinstance(answers[0], Exception):
        raise answers[0]
    return shown[0]


def _shown(loaded: Loaded, file: Received, answer: Answer | Exception) -> dict[str, Any]:
    head: dict[str, Any] = {
        "run": loaded.servable.run_id,
        "checkpoint": {"step": loaded.servable.step, "digest": loaded.servable.digest},
        "bytes": file.size,
    }
    if isinstance(answer, Exception):
        return {**head, **_failed()}
    head["read"] = answer.read
    if (unlike := answer.unlike) is not None:
        head["unlike_training"] = {"score": unlike.score, "flag": unlike.flag}
    outputs = {target: _output(output) for target, output in answer.outputs.items()}
    return {**head, "outputs": {loaded.model.output_name: outputs}}


def _output(output: Categorical | Continuous) -> dict[str, Any]:
    if is_categorical(output):
        return {"label": output.label, "probabilities": output.probabilities}
    return {"value": cast(Continuous, output).value}


def _eir(loaded: Loaded, answer: Answer | Exception) -> dict[str, Any]:
    """EIR's own form: class to probability, or the target's name to its value."""
    if isinstance(answer, Exception):
        return _failed()
    outputs = {
        target: output.probabilities if is_categorical(output) else {target: cast(Continuous, output).value}
        for target, output in answer.outputs.items()
    }
    return {loaded.model.output_name: outputs}


def _failed() -> dict[str, Any]:
    """In the place of one file's answer: the others of the request are not spoiled by it."""
    rule = HTTP_RULES[500]
    return {"error": {"type": rooted(f"/problems/{rule.slug}"), "title": rule.title, "detail": UNCOMPUTED}}
