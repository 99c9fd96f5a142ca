"""What is odd about a column of numbers: one value everywhere, classes with .0, a number for missing values, a slip."""

from models.packed.kinds import KindOfColumn
from models.packed.problems import ProblemLog, counted
from models.packed.texts import Int64, Texts

_FAR = 10
"""A number that stands for a missing value is so many times the range of the others away from them."""

_WILD = 1000
"""So many times the range of all others away from them no measurement lies, only a slip."""


def say_odd_numbers(problems: ProblemLog, kind: KindOfColumn, name: str, ids: Texts, rows: Int64) -> None:
    """Everything odd about one target that is read as numbers."""
    if kind.one_value is not None:
        detail = (
            f"target {name!r} is {kind.one_value:g} in every row: there is nothing to learn, every prediction will "
            "be this number; add files with other values, or leave the target out"
        )
        problems.add("one_value", detail, column=name)
        return
    if kind.declared is None and (few := kind.few_whole):
        shown = ", ".join(f"{value:.1f}" for value in few[:5]) + (", ..." if len(few) > 5 else "")
        detail = (
            f"target {name!r} has {len(few)} whole numbers written with .0 ({shown}) in {kind.finite_count} cells, "
            f"read as numbers; if these are classes, declare {name!r} categorical or write 7 for 7.0"
        )
        problems.add("whole_numbers", detail, column=name)
    for value, at, count in kind.sentinels(_FAR):
        detail = (
            f"target {name!r} is {value:g} in {counted(count, 'cell')} (first in row {rows[at]}), far from all other "
            "numbers: does it stand for a missing value? leave these cells empty then, or it will be learnt as a number"
        )
        problems.add("sentinel", detail, file_id=ids[at], row=int(rows[at]), column=name)
    for value, at in kind.wild(_WILD):
        detail = (
            f"target {name!r} is {value:g} in row {rows[at]}, more than {_WILD:,} times the range of all other "
            "numbers away from them: is it a slip? mend this cell or leave it empty, or the others look alike beside it"
        )
        problems.add("outlier", detail, file_id=ids[at], row=int(rows[at]), column=name)
