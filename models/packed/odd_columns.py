"""What is odd about a column of labels though it can be read: said loudly with the mend, and never guessed."""

from models.packed.filled_cells import FilledCells
from models.packed.kinds import FEW_NUMBERS, KindOfColumn, is_finite, number
from models.packed.odd_layout import say_joined, say_merged
from models.packed.odd_numbers import say_odd_numbers
from models.packed.problems import ProblemLog, counted, some
from models.packed.texts import Int64, Texts
from models.packed.writings import (
    MENDS,
    as_readers_see,
    difference,
    is_date,
    is_json,
    is_whole,
    means_missing,
    nearly_a_number,
)

FEW = 10
"""So few files may be of one class, or each of its own, without a word: they are a trial, and a run says it."""
MOST_JSON = 1_000
"""So many different texts are parsed at most."""
ALMOST_ALL = 0.9


def say_odd(problems: ProblemLog, kind: KindOfColumn, name: str, cells: Texts, ids: Texts, rows: Int64) -> None:
    """Everything odd about one target; one that is declared to be of a kind is taken at its word."""
    if kind.declared is None and say_merged(problems, name, cells, ids, rows):
        return
    if kind.type == "continuous" and kind.finite_count:
        say_odd_numbers(problems, kind, name, ids, rows)
        return
    column = FilledCells.of(name, cells, ids, rows)
    if not column.counts:
        problems.add("empty_target", f"target {name!r} has no value in any row; no run can learn it", column=name)
    elif len(column.counts) == 1:
        ((text, count),) = column.counts.items()
        if count > FEW:
            detail = (
                f"target {name!r} is {text[:80]!r} in every row: there is nothing to tell apart, and no run takes it; "
                "add files of another class"
            )
            column.say(problems, "one_class", text, detail)
    else:
        if kind.declared is None and not kind.all_numbers:
            _say_meaning(problems, column)
        say_twins(problems, column)


def _say_meaning(problems: ProblemLog, column: FilledCells) -> None:
    """Texts that were perhaps meant as something else than names: what is likeliest, alone."""
    if _say_nearly_numbers(problems, column) or say_joined(problems, column):
        return
    texts, name = list(column.counts), repr(column.name)
    if column.cells(filter(is_date, texts)) >= ALMOST_ALL * column.total:
        detail = (
            f"target {name} holds dates ({some(texts[:4], 3, len(texts))}), read as {column.classes}, each a name of "
            f"its own; write numbers instead (days, years), or declare {name} categorical if the dates are names"
        )
        column.say(problems, "dates", texts[0], detail)
    elif all(map(is_json, texts[:MOST_JSON])):
        detail = (
            f"target {name} holds JSON ({texts[0][:60]!r}), read as {column.classes}, each text a name of its own; "
            f"make a column of each value in it, or declare {name} categorical if the texts are names"
        )
        column.say(problems, "json", texts[0], detail)
    elif len(texts) > FEW and 2 * len(texts) > column.total:
        detail = (
            f"target {name} has {column.classes} in {column.total} cells, like an ID or free text: hardly any class "
            "has a second file to be learnt from and measured on; leave the target out, or give files common labels"
        )
        column.say(problems, "many_classes", texts[0], detail)


def _say_nearly_numbers(problems: ProblemLog, column: FilledCells) -> bool:
    """Whether most cells are numbers, or nearly, and others stand among them; it is said then."""
    plain = {text for text in column.counts if (value := number(text)) is not None and is_finite(value)}
    nearly = {text: what for text in column.counts if text not in plain and (what := nearly_a_number(text))}
    odd = [text for text in column.counts if text not in plain]
    words = [text for text in odd if text not in nearly and means_missing(text)]
    distinct = len(plain) + len(nearly)
    if distinct < 2 or 2 * column.cells((*plain, *nearly)) < column.total - column.cells(words):
        return False
    if distinct <= FEW_NUMBERS and all(map(is_whole, (*plain, *nearly))):  # classes, without the odd cells, too
        for word in words:
            where = f"{counted(column.counts[word], 'cell')} (first in {column.place(word)})"
            detail = (
                f"target {column.name!r}: {word.strip()!r} stands among numbers in {where} and is a class of its own; "
                f"leave a cell empty where the label is missing, or declare {column.name!r} categorical if it is a name"
            )
            column.say(problems, "word_for_missing", word, detail)
        return bool(words)
    mends = [mend for what, mend in MENDS.items() if what in nearly.values()]
    mends += ["write a number, or leave the cell empty where there is none"] if len(odd) > len(nearly) else []
    otherwise = f"of {counted(column.total, 'cell')} {column.cells(odd)} are written otherwise ({column.where(odd)})"
    detail = (
        f"target {column.name!r} looks like numbers, but {otherwise}, so it is read as {column.classes}; "
        f"{'; '.join(mends)}; or declare {column.name!r} categorical if these are names"
    )
    column.say(problems, "nearly_numbers", odd[0], detail)
    return True


def say_twins(problems: ProblemLog, column: FilledCells) -> None:
    """Classes that a reader takes for one, and names with spaces at their ends."""
    seen: dict[str, list[str]] = {}
    for text in column.counts:
        seen.setdefault(as_readers_see(text), []).append(text)
    for twins in (sorted(names, key=lambda text: -column.counts[text]) for names in seen.values() if len(names) > 1):
        listed = ", ".join(f"{text[:80]!a} ({counted(column.counts[text], 'label')})" for text in twins[:5])
        detail = (
            f"target {column.name!r}: the classes {listed} differ in {difference(twins)} alone, and each is a class of "
            "its own; write them alike if they are one"
        )
        column.say(problems, "twin_classes", twins[-1], detail)
    spaced = [names[0] for names in seen.values() if len(names) == 1 and names[0] != names[0].strip()]
    if spaced:
        detail = (
            f"target {column.name!r}: spaces before or after a name ({column.where(spaced)}) are a part of it; remove "
            "them if they mean nothing"
        )
        column.say(problems, "spaces", spaced[0], detail)
