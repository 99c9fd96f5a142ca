"""Reads EIR's YAML files (globals, input, output, fusion) into one body of POST /runs; the command line's side."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from models.config.faults import ConfigError, Fault, pointer
from models.config.words import shown

_IDS_FILE = "manual_valid_ids_file"
MOST_ALIASES = 30
"""Uses of anchors in one file; far more than a configuration has."""


def read_trio(globals: Path | None, input: Path, output: Path, fusion: Path | None = None) -> dict[str, Any]:
    """One body of POST /runs from EIR's files; `manual_valid_ids_file` is read into `manual_valid_ids`.

    Raises ConfigError for files that cannot be read as YAML objects, all of them at once.
    """
    body, faults = {}, []
    for section, path in {"globals": globals, "input": input, "fusion": fusion, "output": output}.items():
        if path is not None:
            try:
                body[section] = read_body(path)
            except ConfigError as error:
                faults += [Fault(pointer(section), fault.detail) for fault in error.faults]
    if not faults and isinstance(body.get("globals"), dict):
        faults += _read_ids(body["globals"].get("basic_experiment"))
    if faults:
        raise ConfigError(faults)
    return body


def read_body(path: Path) -> Any:
    """What a YAML or JSON file holds; an empty one holds an empty object. Raises ConfigError with the line."""
    try:
        held = yaml.load(path.read_bytes(), Loader=_Loader)
    except OSError as error:
        raise ConfigError([Fault("", f"cannot be read: {error.strerror}.")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Fault("", f"is no YAML: {_fault_of(error)}.")]) from error
    except RecursionError as error:
        raise ConfigError([Fault("", "is nested too deeply; a configuration has five levels.")]) from error
    return {} if held is None else held


def _fault_of(error: yaml.YAMLError) -> str:
    """Where a file stops being YAML, and why."""
    if isinstance(error, yaml.reader.ReaderError):
        what = "NUL or another control character" if error.encoding == "unicode" else "no text in UTF-8"
        return f"at byte {error.position}: {what}"
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    mark, problem = error.problem_mark or error.context_mark, str(error.problem)
    if "another document" in problem:
        problem = "a second document begins (---); one file holds one object"
    if "\\t" in problem:
        problem = "a tab stands where spaces belong"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


def _read_ids(basic: Any) -> list[Fault]:
    """Replaces the file of IDs, one a line, by the IDs."""
    if not isinstance(basic, dict) or not isinstance(basic.get(_IDS_FILE), str):
        return []
    path = Path(basic.pop(_IDS_FILE))
    at = pointer("globals", "basic_experiment", _IDS_FILE)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [Fault(at, f"{path} cannot be read as text: {error}.")]
    ids = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not ids:
        return [Fault(at, f"{path} names no ID; write one a line, or leave the key out.")]
    basic["manual_valid_ids"] = ids
    return []


_PLAIN = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", tuple("yYnNtTfFoO")),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*)", tuple("-+0123456789")),
    (
        "float",
        r"[-+]?(?:(?:0|[1-9][0-9_]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))"
        r"|\.(?:nan|NaN|NAN)",
        tuple("-+0123456789."),
    ),
    ("merge", r"<<", ("<",)),
)
"""What unquoted text may mean, its pattern, and the characters it may begin with; the first that fits is taken."""


def _by_first_character() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, pattern, firsts in _PLAIN:
        for first in firsts:
            compiled = re.compile(rf"(?:{pattern})\Z")
            resolvers.setdefault(first, []).append((f"tag:yaml.org,2002:{tag}", compiled))
    return resolvers


class _Loader(yaml.SafeLoader):
    """YAML as people write it: 3e-4 is a number, 2024-01-01 and 007 are text, a key may stand once in an object."""

    yaml_implicit_resolvers = _by_first_character()

    aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A part of the file. Raises ComposerError for too many aliases: nested, they stand for billions of values."""
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MOST_ALIASES:
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, f"more than {MOST_ALIASES} aliases (*name)", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """One object. Raises ConstructorError for a key that stands twice: the first would be lost silently."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        "while reading an object", node.start_mark, f"{shown(key.value)} stands twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)
