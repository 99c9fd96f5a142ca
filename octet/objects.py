"""What the service answers with, as objects. Fields that a newer service adds are kept, not refused."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Object(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Fault(_Object):
    """One thing that is wrong with a request: a JSON pointer (RFC 6901) into its body, and what to do about it.

    `row` and `column` tell the place in a table that was sent, e.g. in `/labels`.
    """

    pointer: str = ""
    detail: str = ""
    row: int | None = None
    column: str | None = None


class Dataset(_Object):
    """A data set on the service. `bytes` counts the unpacked files; `problems` are rows and files without a partner."""

    id: str
    name: str
    files: int
    bytes: int
    lengths: dict[str, int] = {}
    targets: dict[str, dict[str, Any]]
    ignored: list[str] = []
    problems: list[dict[str, Any]] = []
    problem_counts: dict[str, int] = {}


class Progress(_Object):
    """How far a run is. `steps` is None until its plan is made; `eta_s` are seconds."""

    step: int = 0
    steps: int | None = None
    epoch: float | None = None
    eta_s: float | None = None


class Run(_Object):
    """A run. `best` is its best stored checkpoint, `error` a problem (type, title, detail) once it failed.

    `config_notes` name what was accepted without effect, `reasons` why a value was chosen; both by JSON pointer.
    `plan` is how the device carries it out, once that is known; its `split` tells how the files were divided. `used_s`:
    seconds under leases, of all attempts. `warnings` name the targets that it only guesses, and what may help.
    """

    id: str
    status: str
    name: str | None = None
    dataset: str | None = None
    progress: Progress = Field(default_factory=Progress)
    best: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    reasons: dict[str, str] = {}
    config_notes: list[dict[str, Any]] = []
    plan: dict[str, Any] | None = None
    max_runtime_s: float | None = None
    used_s: float = 0.0
    stopped: str | None = None
    attempt: int = 0
    error: dict[str, Any] | None = None
    warnings: list[str] = []

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to it."""
        return self.status in {"succeeded", "failed", "cancelled"}

    @property
    def split_notes(self) -> list[str]:
        """What is odd about the division into training and validation files; nothing while the plan is not made."""
        return list(((self.plan or {}).get("split") or {}).get("notes", []))


def id_of(run: Run | str) -> str:
    """The id of a run, or the id itself."""
    return run.id if isinstance(run, Run) else run


class Point(_Object):
    """One value of one metric. `target` None: over all targets. `time`: RFC 3339, UTC."""

    cursor: int
    step: int
    epoch: float | None = None
    split: str
    target: str | None = None
    name: str
    value: float
    time: str | None = None


class Attempt(_Object):
    """One lease of a run by a worker, and why it ended."""

    attempt: int
    worker: str | None = None
    started: str | None = None
    ended: str | None = None
    reason: str | None = None
    resumed_from_step: int | None = None
    peak_memory_bytes: int | None = None


class Checkpoint(_Object):
    """Stored weights of a run: of kind `best` (served) or `resume`."""

    step: int
    kind: str = "best"
    digest: str | None = None


class ModelVersion(_Object):
    """A checkpoint that a name of the registry stood for. `created`: RFC 3339, UTC."""

    version: int
    run: str
    step: int
    digest: str | None = None
    created: str | None = None


class Model(_Object):
    """A name of the registry: the checkpoint that it stands for, and every version it ever had, the newest first."""

    name: str
    version: int
    run: str
    step: int
    digest: str | None = None
    versions: list[ModelVersion] = []


class Done(_Object):
    """How far a prediction over a data set is. `eta_s` are seconds."""

    done: int = 0
    files: int = 0
    eta_s: float | None = None


class DatasetPrediction(_Object):
    """A prediction over a data set: `checkpoint` answers every file, `result` names digest and size of each form."""

    id: str
    status: str
    name: str | None = None
    run: str | None = None
    checkpoint: dict[str, Any] | None = None
    dataset: str | None = None
    progress: Done = Field(default_factory=Done)
    result: dict[str, dict[str, Any]] | None = None
    attempt: int = 0
    error: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to it."""
        return self.status in {"succeeded", "failed", "cancelled"}


class Answer(_Object):
    """What was seen for one target: `label` with `probabilities`, or `value`."""

    label: str | None = None
    probabilities: dict[str, float] | None = None
    value: float | None = None


class UnlikeTraining(_Object):
    """How unlike the run's training files a file is: `score` from 0 to 1, `flag` where its answer is not to be trusted.

    The score is the share of files like the training files that are more like them than this one.
    """

    score: float
    flag: bool


class Prediction(_Object):
    """The answer for one file: `bytes` is its size, `read` how much of it the model saw. `error`: no outputs.

    `unlike_training` is None where the checkpoint cannot tell.
    """

    name: str | None = None
    run: str | None = None
    checkpoint: dict[str, Any] | None = None
    bytes: int | None = None
    read: int | None = None
    unlike_training: UnlikeTraining | None = None
    outputs: dict[str, dict[str, Answer]] = {}
    error: dict[str, Any] | None = None

    def answers(self) -> dict[str, Answer]:
        """Target -> answer, over all outputs."""
        return {target: answer for output in self.outputs.values() for target, answer in output.items()}

    def answer(self, target: str | None = None) -> Answer:
        """The answer for a target; its name may be left out where there is one alone. Raises ValueError."""
        if self.error:
            raise ValueError(f"{self.name or 'the file'} has no answer: {self.error.get('detail')}")
        found = self.answers()
        wanted = next(iter(found)) if target is None and len(found) == 1 else target
        if wanted is None or wanted not in found:
            raise ValueError(f"name one of the targets: {', '.join(found)}")
        return found[wanted]
