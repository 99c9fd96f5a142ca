"""One odd input: what it is in words, how it is sent, and what must come back."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class Place:
    """What the cases find on the service: a data set `sides` of 40 files, a run that learnt it and one that waits."""

    client: httpx.Client
    trained: str
    waiting: str
    dataset: str


@dataclass(frozen=True)
class Case:
    """`says`: words of the answer that name the fault or the finding."""

    title: str
    send: Callable[[Place], httpx.Response]
    status: int
    says: str = ""


def new_name() -> str:
    """A name that no data set has."""
    return f"odd-{secrets.token_hex(8)}"


def answered(response: httpx.Response) -> str:
    """The answer in one line: of a refusal its detail, of a success what a user would look at."""
    kind = response.headers.get("content-type", "")
    if kind == "application/problem+json":
        return _one_line(response.json()["detail"])
    if not kind.startswith("application/json"):
        return _one_line(kind) or "done"
    body = response.json()
    if "targets" in body and "files" in body:
        return _of_dataset(body)
    if "dataset_id" in body and "progress" in body and "checkpoint" in body:
        return f"{body['status']}, over {body['dataset']} by the checkpoint of step {body['checkpoint']['step']}"
    if "outputs" in body:
        return _of_prediction(body)
    if "predictions" in body:
        return f"{len(body['predictions'])} predictions"
    if "result" in body:
        return f"{len(body['result'])} results"
    if "config" in body:
        notes = "; ".join(f"{note['pointer']}: {note['detail']}" for note in body.get("config_notes", []))
        return _one_line(f"sound; {notes}" if notes else "sound")
    return ", ".join(sorted(body))


def _of_dataset(body: dict) -> str:
    targets = [
        f"{name}: {target['type']}, {target['labelled']} labelled, {target['missing']} missing"
        + (f", {len(target['classes'])} classes" if target.get("classes") else "")
        for name, target in body["targets"].items()
    ]
    said = [f"{len(body['problems'])} problems"] if len(body["problems"]) > 2 else []
    said += [f"{problem['kind']}: {problem['detail']}" for problem in body["problems"][:2]]
    ignored = f"ignored {', '.join(body['ignored'])}" if body["ignored"] else ""
    return _one_line("; ".join(filter(None, [f"{body['files']} files", *targets, ignored, *said])))


def _of_prediction(body: dict) -> str:
    return f"read {body['read']} of {body['bytes']} bytes; an answer for {', '.join(body['outputs']['output'])}"


def _one_line(text: str) -> str:
    """Without what differs from one service or machine to the next: ids and how many, steps of checkpoints."""
    text = re.sub(r"\b[0-9a-f]{16}\b", "ID", text)
    text = re.sub(r"(newest are|used by) (?:(?:run |prediction )?ID(?:, )?)+", r"\1 ID, ...", text)
    text = re.sub(r"\b(step|it has|from 0 to) \d+", r"\1 N", text)
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= 400 else text[:397] + "..."
