"""EIR's configuration files on the command line: which is which, the body they make, where a fault stands."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.cli.endings import Failed

SECTIONS = ("globals", "input", "fusion", "output")


class Faulty(Protocol):
    """A fault of the service or of models.config."""

    @property
    def pointer(self) -> str:
        """RFC 6901, into the body."""
        ...

    @property
    def detail(self) -> str:
        """Fault and mend."""
        ...


@dataclass(frozen=True)
class Trio:
    """The files of one run."""

    globals: Path
    input: Path
    output: Path
    fusion: Path | None = None

    def body(self) -> dict[str, Any]:
        """The body of POST /runs that the files describe, with EIR_SEED where they name no seed. Raises Failed."""
        from models.config import ConfigError, read_trio

        try:
            body = read_trio(self.globals, self.input, self.output, self.fusion)
        except ConfigError as error:
            raise Failed(self.explain(error.faults)) from error
        self._refuse_swapped(body)
        seed = seed_of_environment()
        if seed is not None and isinstance(body["globals"], dict):
            experiment = body["globals"].setdefault("basic_experiment", {})
            if isinstance(experiment, dict):
                experiment.setdefault("seed", seed)
        return body

    def _refuse_swapped(self, body: dict[str, Any]) -> None:
        """Raise Failed for a file that is plainly another one of the three."""
        marks = {"input_info": "input", "output_info": "output", "basic_experiment": "globals"}
        for section, found in body.items():
            for mark, meant in marks.items():
                if isinstance(found, dict) and mark in found and section != meant:
                    file = getattr(self, section)
                    raise Failed(f"{file} is the {meant} file ({mark} stands in it); the order is GLOBALS INPUT OUTPUT")

    def explain(self, faults: Iterable[Faulty]) -> str:
        """Every fault with its file and key."""
        return "\n".join(["the configuration has faults:", *(f"  {self._place(f)}: {f.detail}" for f in faults)])

    def _place(self, fault: Faulty) -> str:
        section, *keys = [part.replace("~1", "/").replace("~0", "~") for part in fault.pointer.split("/")[1:]] or [""]
        file = getattr(self, section) if section in SECTIONS else None
        if file is None:
            return ".".join(filter(None, [section, *keys])) or "the configuration"
        return f"{file}: {'.'.join(keys)}" if keys else str(file)


def trio_of(files: Sequence[Path], flags: Mapping[str, Path | None]) -> Trio | None:
    """The files that positional arguments (GLOBALS INPUT OUTPUT [FUSION]) or EIR's flags name; None: neither does."""
    if not files and not any(flags.values()):
        return None
    if files and any(flags.values()):
        raise Failed("give the configuration files either in order (GLOBALS INPUT OUTPUT [FUSION]) or by EIR's flags")
    if files:
        if not 3 <= len(files) <= 4:
            raise Failed(f"{len(files)} configuration files; three are needed, GLOBALS INPUT OUTPUT, and may be FUSION")
        return Trio(*files)
    globals_, input_, output = flags["global"], flags["input"], flags["output"]
    if globals_ is None or input_ is None or output is None:
        missing = [f"--{name}_configs" for name in ("global", "input", "output") if flags[name] is None]
        raise Failed(
            f"{' and '.join(missing)} missing; a run needs --global_configs, --input_configs, --output_configs"
        )
    return Trio(globals_, input_, output, flags["fusion"])


def inner(body: dict[str, Any], section: str, key: str) -> dict[str, Any]:
    """body[section][key]; a section may stand in a list of one. A stray {} where the shape is wrong."""
    whole = body.get(section)
    whole = whole[0] if isinstance(whole, list) and len(whole) == 1 else whole
    found = whole.get(key) if isinstance(whole, dict) else None
    return found if isinstance(found, dict) else {}


def seed_of_environment() -> int | None:
    """EIR_SEED, which EIR reads too. Raises Failed when it is no number."""
    text = os.environ.get("EIR_SEED", "").strip()
    if not text:
        return None
    if not text.isdecimal():
        raise Failed(f"EIR_SEED is {text!r}; it must be a whole number from 0 on")
    return int(text)
