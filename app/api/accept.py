"""Which of the forms that a route has the client prefers (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence


def preferred(accept: str | None, forms: Sequence[str]) -> str:
    """The form with the highest quality in the Accept header; the first of `forms` when nothing decides."""
    best, quality = forms[0], 0.0
    for position, wish in enumerate((accept or "*/*").split(",")):
        kind, _, options = wish.partition(";")
        weight = _quality(options) - position * 1e-6  # at equal quality the first named wins
        for form in forms:
            if _covers(kind.strip().lower(), form) and weight > quality:
                best, quality = form, weight
    return best


def _covers(kind: str, form: str) -> bool:
    return kind in ("*/*", form) or kind == form.partition("/")[0] + "/*"


def _quality(options: str) -> float:
    for option in options.split(";"):
        name, _, value = option.strip().partition("=")
        if name.lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
