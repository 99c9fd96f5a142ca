"""The rules of docs/architecture.md that a syntax tree can prove."""

import ast
import subprocess
import sys

import pytest

from tests.house.source import called_name, sources

VAGUE = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}


def test_every_file_says_its_reason_in_its_first_line():
    assert [s.path for s in sources() if not ast.get_docstring(s.tree)] == []


def test_no_file_has_a_vague_name():
    assert [s.path for s in sources() if set(s.path.removesuffix(".py").split("/")) & VAGUE] == []


def test_sql_is_in_app_db_and_the_migrations_only():
    elsewhere = [
        f"{s.path}:{node.lineno}"
        for s in sources("app", "worker", "octet", "models")
        if not s.path.startswith("app/db/")
        for node in ast.walk(s.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(
            name.split(".")[0] in {"sqlalchemy", "sqlite3", "psycopg", "alembic"}
            for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        )
    ]
    assert elsewhere == []


def test_nobody_commits_in_the_middle_of_a_use_case():
    """A transaction ends where its `with` ends; only the engine's room may say commit or rollback."""
    commits = [
        f"{s.path}:{node.lineno}"
        for s in sources("app", "worker")
        if not s.path.startswith("app/db/")
        for node in ast.walk(s.tree)
        if isinstance(node, ast.Call) and called_name(node) in {"commit", "rollback"}
    ]
    assert commits == []


def test_a_message_goes_out_only_after_its_transaction():
    """An announced run must be visible to the worker that hears of it: no announce inside `with ...transaction()`."""
    early, announced = [], 0
    for s in sources("app", "worker"):
        calls = [n for n in ast.walk(s.tree) if isinstance(n, ast.Call) and called_name(n) == "announce"]
        announced += len(calls)
        for block in (n for n in ast.walk(s.tree) if isinstance(n, ast.With)):
            opens = [i.context_expr for i in block.items]
            if any(isinstance(o, ast.Call) and called_name(o) == "transaction" for o in opens):
                inside = {id(n) for n in ast.walk(block)}
                early += [f"{s.path}:{c.lineno}" for c in calls if id(c) in inside]
    assert announced, "nobody announces: the test would prove nothing"
    assert early == []


def test_services_do_not_call_one_another():
    """A use case opens its own transaction: one that called another would open a second inside the first."""
    services = [s for s in sources("app") if s.path.startswith("app/services/")]
    doors: dict[str, str] = {}
    for s in services:
        for f in s.tree.body:
            takes_parts = isinstance(f, ast.FunctionDef) and f.args.args and f.args.args[0].arg == "parts"
            if takes_parts and not f.name.startswith("_"):
                doors[f.name] = s.path
    crossed = [
        f"{s.path} -> {doors[alias.name]}:{alias.name}"
        for s in services
        for node in ast.walk(s.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app.services")
        for alias in node.names
        if alias.name in doors and not s.path.endswith("__init__.py")
    ]
    assert doors
    assert crossed == []


def test_pickle_is_never_loaded():
    risky = [
        f"{s.path}:{node.lineno}"
        for s in sources()
        for node in ast.walk(s.tree)
        if (isinstance(node, ast.Import) and any(a.name in {"pickle", "dill", "cloudpickle"} for a in node.names))
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in {"torch.load", "torch.save"})
        or (isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) == "True")
    ]
    assert risky == []


DEAR = {"torch", "pyarrow", "matplotlib", "models.nn"}
"""What takes seconds to load, and what would load it."""


@pytest.mark.parametrize(
    "modules",
    [
        "app.main, app.serving.serving",
        "models.config, models.packed, models.training.report",
        "worker.main",
        "app.cli.main",
        "octet",
    ],
)
def test_importing_it_loads_nothing_dear(modules):
    code = f"import sys, {modules}; sys.exit(str({DEAR} & set(sys.modules) or '') or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
