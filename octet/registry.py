"""The registry: names for trained runs, promoted and rolled back in one moment."""

from urllib.parse import quote

from octet.objects import Model, Run, id_of
from octet.sending import Rows, Sender

PATH = "/models"


class Models:
    """The registry of one service; `client.models`. Every method raises Unreachable or Refused."""

    def __init__(self, send: Sender, rows: Rows) -> None:
        self._send = send
        self._rows = rows

    def list(self) -> list[Model]:
        """Every name with what it stands for, in the order of names."""
        return [Model.model_validate(row) for row in self._rows(PATH, "models")]

    def get(self, name: str) -> Model:
        """One name and its history."""
        return Model.model_validate(self._send("GET", _at(name)).json())

    def promote(self, name: str, run: Run | str, checkpoint: int | None = None) -> Model:
        """Let a name stand for a run's best checkpoint, or one of its others; predictions use it within a second."""
        body = {"run": id_of(run)} if checkpoint is None else {"run": id_of(run), "checkpoint": checkpoint}
        return Model.model_validate(self._send("PUT", _at(name), json=body).json())

    def roll_back(self, name: str) -> Model:
        """Let a name stand for what it stood for before."""
        return Model.model_validate(self._send("POST", f"{_at(name)}/rollback").json())

    def delete(self, name: str) -> None:
        """Remove a name and its history; its runs stay."""
        self._send("DELETE", _at(name))


def _at(name: str) -> str:
    """The path of a name, whatever stands in it; '.' and '..' too, which httpx would resolve."""
    return f"{PATH}/{quote(name, safe='') if name.strip('.') else '%2E' * len(name)}"
