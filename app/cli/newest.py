"""The run that is meant where none is named: the newest."""

from app.cli.endings import Ending, Failed
from octet import Client, Run


def newest(client: Client) -> Run:
    """The newest run. Raises Failed where there is none."""
    found = client.runs(limit=1)
    if not found:
        raise Failed("there are no runs yet; start one with: octet train", Ending.REFUSED)
    return found[0]
