"""Why a part of the service cannot start, in words for the person at the terminal."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class CannotServe(Exception):
    """The text says what is in the way and what to do about it."""


def usable(ask: Callable[[], T], part: str, setting: str) -> T:
    """What a part answers. Raises CannotServe when it cannot be used, whatever its driver raises."""
    try:
        return ask()
    except Exception as error:
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise CannotServe(f"the {part} cannot be used ({why}): start it, or correct {setting}") from error
