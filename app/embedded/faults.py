"""Why `octet serve` cannot start, in words for the person at the terminal."""


class CannotServe(Exception):
    """The text says what is in the way and what to do about it."""
