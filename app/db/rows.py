"""From results to typed rows."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.sql.base import Executable

Row = TypeVar("Row")


def every(tx: Connection, statement: Executable, kind: Callable[..., Row]) -> list[Row]:
    """All rows of a statement, each as one `kind`, whose fields are the columns' names."""
    found = tx.execute(statement)
    names = tuple(found.keys())  # of mappings, every row would ask for them anew: a fifth of the time of a page
    return [kind(**dict(zip(names, row, strict=True))) for row in found]


def first(tx: Connection, statement: Executable, kind: Callable[..., Row]) -> Row | None:
    """The first row of a statement, or None."""
    found = tx.execute(statement).mappings().first()
    return None if found is None else kind(**found)


def only(tx: Connection, statement: Executable, kind: Callable[..., Row]) -> Row:
    """The one row of a statement. Raises sqlalchemy.exc.NoResultFound."""
    return kind(**tx.execute(statement).mappings().one())


def number(tx: Connection, statement: Executable) -> int:
    """The one number that a statement answers."""
    found: Any = tx.execute(statement).scalar_one()
    return int(found)
