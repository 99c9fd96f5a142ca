"""Idempotency keys: the same request again gives the job that it made."""

from app.db import idempotency
from app.db.engine import Transaction
from app.db.jobs import Jobs, Row
from app.errors import Example, Fault, Invalid
from app.services.ids import fingerprint

KEY_MAX = 255
KEY_LIFE_S = 86_400.0
"""So long a key stands for the job it made: far longer than any client retries."""


class KeyReused(Invalid):
    """The Idempotency-Key belongs to another body, or is too long."""

    rule = "idempotency-key"
    title = "The Idempotency-Key cannot be used"
    mend = "Use a new key for a new request; send the same body again only with its own key."
    example = Example(
        "the key made run 2f6c0d9e4b7a1853 of another body; use a new key for a new request",
        "Idempotency-Key",
    )


def claim(tx: Transaction, key: str, body: object, jobs: Jobs[Row], job_id: str) -> str | None:
    """Take a key for this job; the id of the job of the same kind that has it already. Raises KeyReused."""
    if not 0 < len(key) <= KEY_MAX:
        detail = f"{len(key)} characters; use 1 to {KEY_MAX}"
        raise KeyReused(detail, [Fault("Idempotency-Key", detail)])
    idempotency.expire(tx, KEY_LIFE_S)
    print_ = fingerprint(body)
    known = idempotency.claim(tx, key, print_, jobs, job_id)
    if known is None:
        return None
    made = {"run": known.run_id, "prediction": known.prediction_id}
    if known.fingerprint != print_ or made[jobs.noun] is None:
        what = " ".join(f"{noun} {made_id}" for noun, made_id in made.items() if made_id)
        detail = f"the key made {what} of another body; use a new key for a new request"
        raise KeyReused(detail, [Fault("Idempotency-Key", detail)])
    return made[jobs.noun]
