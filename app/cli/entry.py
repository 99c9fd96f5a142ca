"""Where the `octet` command begins: Ctrl-C ends it without a traceback even while Python still imports the rest."""

import signal
import sys


def main() -> None:
    """Run the command line; every expected failure is a message on stderr and an exit code of app.cli.endings."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # and not ignored, as in the background of a shell
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from app.cli.main import run

    signal.signal(signal.SIGINT, before)
    sys.exit(run(sys.argv[1:]))
