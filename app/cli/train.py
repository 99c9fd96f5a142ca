"""`octet train`: from configuration files, or a few words, to a run that is followed live."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli import data
from app.cli.columns import target_columns
from app.cli.completion import dataset_names, target_names
from app.cli.endings import Failed, ending_of
from app.cli.live import follow, last, leaving_alone
from app.cli.paths import GivenPath
from app.cli.screen import note, out, print_json
from app.cli.trio import Trio, inner, seed_of_environment, trio_of
from octet import Client, Refused, Run
from octet.client import data_set_name

File = GivenPath(dir_okay=False)
Anything = GivenPath()
Command = TypeVar("Command", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """A time above 0 that ends: nan, which no comparison finds too small, and inf are none."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """The seconds. Fails for what is not finite."""
        seconds = super().convert(value, param, context)
        if not math.isfinite(seconds):
            self.fail(f"{value} is no time; write seconds, or leave it out for the default.", param, context)
        return seconds


def _eir_flags(command: Command) -> Command:
    for name in ("output", "fusion", "input", "global"):
        flag = click.option(f"--{name}_configs", f"{name}_configs", type=File, help=f"EIR's flag for the {name} file.")
        command = flag(command)
    return command


@click.command(short_help="Train a model and follow it live.")
@click.argument("files", nargs=-1, type=File, metavar="[GLOBALS INPUT OUTPUT [FUSION]]")
@_eir_flags
@click.option("--input-source", type=Anything, help="Folder or archive, instead of the input file's input_source.")
@click.option("--output-source", type=Anything, help="Labels CSV, instead of the output file's output_source.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    shell_complete=target_names,
    help="Short form: what to predict; may be given several times.  [default: the only one there is]",
)
@click.option("--folder", type=Anything, help="Short form: folder or archive to upload.")
@click.option("--labels", type=Anything, help="Short form: its labels CSV (ID and a column per target).")
@click.option("--id-column", help="Short form: the column of IDs, when it is not called ID.")
@click.option("--folder-labels", metavar="TARGET", help="Short form, without --labels: folders are classes of TARGET.")
@click.option(
    "--dataset",
    shell_complete=dataset_names,
    help="Data set on the service: the one to train on, or the name to upload under.",
)
@click.option("--name", help="Name of the run.")
@click.option("--max-runtime", type=Seconds(), help="Seconds that the training may take.")
@click.option(
    "--seed", type=click.IntRange(0), help="Short form: of split, weights and order.  [default: EIR_SEED or 0]"
)
@click.option("--detach", is_flag=True, help="Submit and return; print the run's id.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON when it has ended (or was submitted).")
def train(files: tuple[Path, ...], detach: bool, as_json: bool, **options: Any) -> int:
    """Train a model and follow it live.

    \b
    octet train globals.yaml input.yaml output.yaml           EIR's configuration
    octet train --folder reviews --labels labels.csv --target Sentiment
    octet train --folder photos --folder-labels kind          photos/cats/..., photos/dogs/...
    octet train --dataset reviews --target Sentiment

    Paths are taken from the working directory. Ctrl-C leaves the run alone.
    """
    flags = {name: options.pop(f"{name}_configs") for name in ("global", "input", "fusion", "output")}
    trio = trio_of(files, flags)
    with Client() as client:
        run = _submit(client, _full(client, trio, options) if trio else _short(client, options), trio)
        if detach:
            print_json(run.model_dump()) if as_json else click.echo(run.id)
            return 0
        with leaving_alone(run):
            run = last(client, run) if as_json else follow(client, run, out())
        if as_json:
            print_json(run.model_dump())
        elif run.status == "succeeded":
            note(f"ask it: octet predict FILE --run {run.id}")
        return ending_of(run)


def _full(client: Client, trio: Trio, options: dict[str, Any]) -> dict[str, Any]:
    """The body of a trio, its data set uploaded or found; all its faults are named before anything is uploaded."""
    short = ("targets", "folder", "labels", "id_column", "folder_labels", "seed")
    _refuse(options, short, "belongs to the short form; the files say it already")
    body = trio.body() | _given(options)
    info, result = inner(body, "input", "input_info"), inner(body, "output", "output_info")
    named = options["input_source"] or info.get("input_source") or options["dataset"] or ""
    source, own_labels = Path(str(named)), result.pop("output_source", None)
    labels = options["output_source"] or own_labels
    info["input_source"] = options["dataset"] or data_set_name(source)
    _check(body, trio)
    if named and source.exists():
        if labels is None or not Path(str(labels)).is_file():
            raise Failed(_no_path(trio.output, "output_info.output_source", labels, "labels file", "--output-source"))
        info["input_source"] = data.upload(client, source, Path(labels), options["dataset"]).name
        return body
    found = data.find(client, options["dataset"] or str(named)) if named else None
    if found is None:
        kind = "folder, archive or data set"
        raise Failed(_no_path(trio.input, "input_info.input_source", named, kind, "--input-source"))
    info["input_source"] = found.name
    return body


def _short(client: Client, options: dict[str, Any]) -> dict[str, Any]:
    """The body of the short form."""
    _refuse(options, ("input_source", "output_source"), "belongs to the configuration files; use --folder and --labels")
    folder, labels, name = options["folder"], options["labels"], options["dataset"]
    by_folder = options["folder_labels"]
    if labels and by_folder:
        raise Failed("--labels and --folder-labels say the classes twice: give one of them")
    if folder is None:
        _refuse(options, ("labels", "id_column", "folder_labels"), "belongs to an upload: give --folder, too")
    if not (folder or name):
        raise Failed(
            "what to train? Give GLOBALS INPUT OUTPUT, or --dataset NAME --target T, "
            "or --folder FOLDER --labels CSV --target T"
        )
    if folder is not None:
        _look_at(folder, labels, by_folder)
    targets = list(options["targets"]) or [by_folder or _only_target(client, labels, options["id_column"], name)]
    if folder is not None:
        how = {"id_column": options["id_column"], "folder_labels": by_folder}
        name = data.upload(client, folder, labels, name, **how).name
    seed = options["seed"] if options["seed"] is not None else seed_of_environment()
    chosen = {"seed": seed} if seed is not None else {}
    return {"dataset": name, "targets": targets, **chosen, **_given(options)}


def _look_at(folder: Path, labels: Path | None, by_folder: str | None) -> None:
    """Raise Failed unless what is to be uploaded is there."""
    wanted = {"--folder": folder} if by_folder else {"--folder": folder, "--labels": labels}
    for option, path in wanted.items():
        if path is None:
            raise Failed(f"{option} is missing beside --folder")
        if not path.exists():
            raise Failed(f"{option}: there is no {path} (seen from {Path.cwd()})")
    if labels is not None and labels.is_dir():
        raise Failed(f"--labels: {labels} is a folder; name the CSV in it")


def _only_target(client: Client, labels: Path | None, id_column: str | None, dataset: str | None) -> str:
    """What is learnt when nobody says: the only column of the labels, or target of the data set. Raises Failed."""
    have = target_columns(labels, id_column) if labels else list(client.dataset(str(dataset)).targets)
    if len(have) != 1:
        which = f"which of {', '.join(have)}" if have else "which column of the labels"
        raise Failed(f"--target is missing: {which} shall be predicted?")
    note(f"to be predicted: {have[0]}")
    return have[0]


def _submit(client: Client, body: dict[str, Any], trio: Trio | None) -> Run:
    try:
        run = client.submit(body)
    except Refused as refused:
        if trio and refused.status == 422 and refused.faults:
            raise Failed(trio.explain(refused.faults)) from refused
        raise
    for found in run.config_notes:
        note(f"{found.get('pointer', '').strip('/').replace('/', '.')}: {found.get('detail', '')}")
    note(f"run {run.id} ({run.name}) is {run.status}")
    return run


def _check(body: dict[str, Any], trio: Trio) -> None:
    """Refuse what the service would refuse, before anything is uploaded."""
    from models.config import ConfigError, parse_request

    try:
        parse_request(body)
    except ConfigError as error:
        raise Failed(trio.explain(error.faults)) from error


def _given(options: dict[str, Any]) -> dict[str, Any]:
    found = {"name": options["name"], "max_runtime_s": options["max_runtime"]}
    return {key: value for key, value in found.items() if value is not None}


def _refuse(options: dict[str, Any], names: tuple[str, ...], why: str) -> None:
    for name in names:
        if options[name] not in (None, ()):
            raise Failed(f"--{name.rstrip('s') if name == 'targets' else name.replace('_', '-')} {why}")


def _no_path(file: Path, key: str, path: object, kind: str, option: str) -> str:
    what = f"there is no {kind} {path} (seen from {Path.cwd()})" if path else f"no {kind} is named"
    return f"{file}: {key}: {what}; {option} PATH replaces it"
