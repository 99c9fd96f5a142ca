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
        said = error.__cause__ or error  # a driver's words, where they were put into ours
        why = str(said).strip().partition("\n")[0] or type(said).__name__
        raise CannotServe(f"the {part} cannot be used ({why}): start it, or correct {setting}") from error
