"""How a command's failure is said: in words on stderr and, with --json, as a document on stdout, too; its exit code."""

import os
import sys
from typing import Any

import click

from app.cli.endings import Ending, Failed
from app.cli.mends import mend_of
from app.cli.screen import complain, print_json
from octet import OctetError, Refused, Unreachable

EXPECTED = (click.ClickException, Failed, OctetError, OSError)


def say(error: Exception, *, as_json: bool) -> Ending:
    """Say one of EXPECTED; the exit code that it ends with."""
    if isinstance(error, OSError):
        if not error.filename:  # it was stdout
            as_json = False
            _give_up_stdout()
        if isinstance(error, BrokenPipeError):  # `octet runs list | head` is nobody's fault
            return Ending.FAILED
        text = f"{error.filename or 'cannot write'}: {error.strerror or error}"
    else:
        text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    mend = mend_of(error) if isinstance(error, Refused) else ""
    if isinstance(error, click.ClickException):
        error.show()  # with the usage of its command
    else:
        complain(text, mend)
    ending = _ending_of(error)
    if as_json:
        problem: dict[str, Any] = error.problem if isinstance(error, Refused) else {}
        try:
            print_json({"error": {"detail": text, **problem, "mend": mend or None, "exit_code": int(ending)}})
            sys.stdout.flush()
        except OSError:  # nobody reads it, or there is no room: it stands on stderr
            _give_up_stdout()
    return ending


def _give_up_stdout() -> None:
    """It shall not be tried again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _ending_of(error: Exception) -> Ending:
    match error:
        case Failed():
            return error.ending
        case click.ClickException():
            return Ending.USAGE
        case Unreachable():
            return Ending.NO_SERVICE
        case Refused():
            return Ending.USAGE if error.status == 422 else Ending.REFUSED
        case _:
            return Ending.FAILED
