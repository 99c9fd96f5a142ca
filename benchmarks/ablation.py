"""What each ingredient of the default is worth: the default, then the default without one of them, on the same files.

    .venv/bin/python -m benchmarks.ablation DATA OUT --only NAME ... [--seconds S] [--threads N] [--steps N]
                                                          [--without WORD ...]

DATA as for benchmarks.accuracy; validation on training labels alone, seed 0, nothing reads test labels. A run is given
the config that the short form would choose, complete, with one place changed; what no config can switch is switched in
the process that trains. With --steps every run makes so many, however busy the machine is; --seconds then only chooses
the config. Each run is measured by its best step, as the product keeps it; `wide alone` is step 0.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy import MADE, TARGETS, found, made
from models.config import RunConfig, choose_for_data, parse_request
from models.config.run import dump_config
from models.packed import PackedDataset, pack

ENDLESS_S = 86_400.0
OCTET = "/input/model_config/octet"
VIEWS = f"{OCTET}/views"


class Without(NamedTuple):
    """The default less one ingredient: a place of the config with what becomes of it, or a statement for the process.

    less: from the default's value to the variant's; the same value where the default has nothing of the kind.
    """

    pointer: str = ""
    less: Callable[[Any], Any] = lambda value: value
    statement: str = ""


def _view(name: str) -> Without:
    """Without a view, where it is one of several."""
    return Without(VIEWS, lambda views: [view for view in views if view != name] if len(views) > 1 else views)


def _zero(owner: str, name: str) -> Without:
    """Without a dropout: it is set to 0 whatever it is built with."""
    module, _, kind = owner.rpartition(".")
    change = f"{kind}.{name} = property(lambda self: 0.0, lambda self, p: None)"
    return Without(statement=f"from {module} import {kind}\n{change}")


INGREDIENTS: Mapping[str, Without] = {
    "nothing": Without(),
    "wide branch": Without(f"{OCTET}/wide", lambda _: False),
    "probes": Without(VIEWS, lambda _: ["bytes", "ngrams", "statistics"]),
    "bytes": _view("bytes"),
    "ngrams": _view("ngrams"),
    "statistics": _view("statistics"),
    "moving average": Without(f"{OCTET}/ema_decay", lambda _: 0.0),
    "members": Without(f"{OCTET}/members", lambda _: 1),
    "smoothing": Without("/output/output_type_info/cat_label_smoothing", lambda _: 0.0),
    "change of speed": Without(statement="import models.nn.octet.view_wave as v\nv.stretched = lambda x, t, _: (x, t)"),
    "n-gram dropout": _zero("models.nn.octet.view_ngrams.NgramEmbedding", "dropout"),
    "view dropout": _zero("models.nn.octet.network.OctetNet", "view_dropout"),
}
"""What is left out, by the word for it."""


def main() -> int:
    """Train every variant, and print the table."""
    arguments = _arguments()
    for name in arguments.only:
        source = made(name, arguments.out) if name in MADE else found(name, arguments.data)
        packed = arguments.out / f"{name}-pack"
        if not packed.exists():
            pack(packed, labels=source.train, archive=source.archive)
        body = {"dataset": name, "target": source.target, "max_runtime_s": arguments.seconds, "seed": 0}
        default = choose_for_data(parse_request(body), PackedDataset.open(packed).summary()).config
        print(f"| {name} without | wide alone | best | at step | steps | s |\n|---|---|---|---|---|---|", flush=True)
        for word in arguments.without:
            full = _changed(default, INGREDIENTS[word])
            if full is None:
                continue
            full |= {"dataset": name, "max_runtime_s": ENDLESS_S if arguments.steps else arguments.seconds}
            full["plan"] = {key: n for key in ("threads", "steps") if (n := getattr(arguments, key))} or None
            print(_row(word, full, packed, arguments.out / f"{name}-{word.replace(' ', '-')}"), flush=True)
    return 0


def _changed(config: RunConfig, without: Without) -> dict[str, Any] | None:
    """The config of the variant; None where the default has nothing of the kind."""
    values = dump_config(config)
    if without.pointer:
        *way, last = without.pointer.split("/")[1:]
        here = values
        for part in way:
            here = here[part]
        if (changed := without.less(here[last])) == here[last]:
            return None
        here[last] = changed
    return values


def _row(word: str, body: dict[str, Any], packed: Path, out: Path) -> str:
    """Train in a process of its own, and say what came of it."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "body.json").write_text(json.dumps(body))
    call = f"main({['train', str(out / 'body.json'), str(packed), str(out)]!r})"
    code = f"{INGREDIENTS[word].statement}\nfrom models.__main__ import main\nraise SystemExit({call})"
    began = time.monotonic()
    with (out / "log").open("w") as log:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=log, stderr=log)
    took = time.monotonic() - began
    points = [json.loads(line) for line in (out / "points.jsonl").read_text().splitlines()]
    steps = json.loads((out / "plan.json").read_text())["steps"]
    best = max(int(path.stem.split("-")[1]) for path in (out / "checkpoints").glob("best-*.safetensors"))
    return f"| {word} | {_at(points, 0)} | {_at(points, best)} | {best} | {steps} | {took:.0f} |"


def _at(points: list[dict[str, Any]], step: int) -> str:
    shown = ("acc", "loss", "rmse", "r2")
    here = {p["name"]: p["value"] for p in points if p["split"] == "valid" and p["step"] == step and p["target"]}
    return ", ".join(f"{name} {here[name]:.4f}" for name in shown if name in here) or "-"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=[*TARGETS, *MADE], required=True)
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--threads", type=int, default=0, help="of each run; 0: as the product would")
    parser.add_argument("--steps", type=int, default=0, help="of each run; 0: as many as the seconds allow")
    parser.add_argument("--without", nargs="+", choices=[*INGREDIENTS], default=[*INGREDIENTS])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
