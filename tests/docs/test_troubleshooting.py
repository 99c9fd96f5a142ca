"""The troubleshooting guide has every error that a run can end with, and no problem type that is none."""

import ast
import re

import app.main  # noqa: F401 - every rule is known once all that raises them is loaded
from app.api.problems import rules
from models.config import ConfigError
from models.packed import PackedError
from models.training.report import TrainingError
from tests.docs.blocks import read
from tests.house.source import called_name, sources
from worker.child_life import _words

GUIDE = "docs/guides/troubleshooting.md"
NEVER_OF_A_RUN = {
    "folder_in_use",  # of `python -m models train` alone
    "packed_error",  # the family
    "archive_error",  # an upload's, refused at once
    "label_error",  # an upload's, refused at once
    "device_missing",  # hands the run back to a worker with the device
}


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, each as its cells."""
    section = read(GUIDE).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


def written_out() -> set[str]:
    """Every `type` that the code writes out where it makes the error of a job."""
    found = set()
    for source in sources("app", "worker"):
        if source.path.startswith("app/cli/"):  # has a Failed of its own
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and called_name(node) in {"JobError", "Failed"}:
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                kind = given.get("type") or (node.args[0] if node.args else None)
                found |= _texts(kind)
    return found


def _texts(kind: ast.expr | None) -> set[str]:
    if isinstance(kind, ast.Constant) and re.fullmatch(r"[a-z_]+", str(kind.value)):
        return {str(kind.value)}
    if isinstance(kind, ast.JoinedStr):
        ending = "".join(str(part.value) for part in kind.values if isinstance(part, ast.Constant))
        return {f"{work}{ending}" for work in ("training", "predicting")}
    return set()


def of_classes() -> set[str]:
    """What the errors of a child are called, as it tells them: by the names of their classes."""
    classes = [
        (node.name, {ast.unparse(base) for base in node.bases})
        for source in sources("models", "worker")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
    ]
    family = {kind.__name__ for kind in (TrainingError, ConfigError, PackedError)}
    while heirs := {name for name, bases in classes if bases & family} - family:
        family |= heirs
    return {_words(name).lower().replace(" ", "_") for name in family}


def test_every_error_of_a_run_has_its_row():
    told = {name for row in table("A run that failed") for name in re.findall(r"`([a-z_]+)`", row[0])}
    known = written_out() | of_classes()
    assert known >= {"out_of_memory", "worker_lost", "training_killed", "non_finite_loss", "training_error"}
    assert told == known - NEVER_OF_A_RUN


def test_every_problem_type_of_the_guide_is_one_with_that_status():
    rows = table("A request that is refused")
    known = rules()
    assert len(rows) > 10
    for names, statuses, _ in rows:
        slugs = re.findall(r"`([a-z-]+)`", names)
        assert slugs
        assert {known[slug].status for slug in slugs} == {int(status) for status in statuses.split(",")}, names
