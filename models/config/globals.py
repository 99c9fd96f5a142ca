"""The `globals` object: how long to train, with which optimiser and schedule, when to measure, what to keep."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from models.config.keys import ConfigObject, OnlyDefault, Refuses, WithoutEffect, or_null

CatMetric = Literal[
    "mcc", "acc", "roc-auc-macro", "ap-macro", "f1-macro", "precision-macro", "recall-macro", "cohen-kappa", "ece"
]
ConMetric = Literal["r2", "pcc", "loss", "rmse", "mae", "mape", "explained-variance"]
CAT_METRICS: tuple[CatMetric, ...] = ("mcc", "acc", "roc-auc-macro", "ap-macro")
CON_METRICS: tuple[ConMetric, ...] = ("r2", "pcc", "loss")
CAT_AVERAGING: tuple[CatMetric, ...] = ("mcc", "roc-auc-macro", "ap-macro")
CON_AVERAGING: tuple[ConMetric, ...] = ("loss", "pcc", "r2")
"""EIR's defaults: what is measured, and which of it decides what is best."""


def _check_valid_size(value: float | int) -> float | int:
    if value <= 0:
        raise ValueError("must be above 0: a share such as 0.1, or a count such as 500")
    if isinstance(value, int) or value < 1:
        return value
    if value == 1:
        raise ValueError("1.0 would leave no file to train on; for a single file write 1, for a share less than 1.0")
    if not value.is_integer():
        raise ValueError("above 1 it is a count of files and must be whole")
    return int(value)


ValidSize = Annotated[float | int, AfterValidator(_check_valid_size)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]

_ENGINE = "the device's plan chooses this"
_NO_ATTRIBUTION = "attributions are not part of a training run"
_NO_STREAMING = "files are uploaded as a data set, not streamed from a socket"
_NO_PRETRAINED = "a run starts from fresh weights"
_ADABELIEF = (
    "AdaBelief is not built in; 'adamw' behaves most like it",
    "adahessian needs second derivatives, which the fused attention does not give; use 'adamw'",
)
OPTIMIZERS = Refuses(
    (
        ("adabelief", _ADABELIEF[0]),
        ("adabeliefw", _ADABELIEF[0]),
        ("adahessian", _ADABELIEF[1]),
    )
)

Folder = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f\x7f]+$")]


class BasicExperiment(ConfigObject):
    """How long, in which portions, and which files are held back for validation."""

    output_folder: Folder | None = Field(default=None, description="Its last part names the run.")
    n_epochs: int = Field(default=10, ge=1, le=1_000_000, description="Passes over the training files.")
    batch_size: int = Field(default=64, ge=1, le=65_536, description="Files per step.")
    valid_size: ValidSize = Field(
        default=0.1, description="Files held back: below 1 a share, from 1 on (integer) a count."
    )
    manual_valid_ids: list[str] | None = Field(
        default=None, min_length=1, description="IDs of the files held back, instead of valid_size (Octet's own key)."
    )
    manual_valid_ids_file: Annotated[
        None, OnlyDefault("no path of a client is opened; `octet train` reads it, over HTTP send manual_valid_ids")
    ] = Field(default=None, exclude=True)
    seed: Seed = Field(default=0, description="Of split, weights, order and dropout (Octet's own key).")
    dataloader_workers: Annotated[int, WithoutEffect("files come from a memory map, without loader processes")] = Field(
        default=0, exclude=True
    )
    device: Annotated[str, WithoutEffect(_ENGINE)] = Field(default="cpu", exclude=True)
    memory_dataset: Annotated[bool, WithoutEffect("the packed data set is memory-mapped in any case")] = Field(
        default=False, exclude=True
    )


class GlobalModel(ConfigObject):
    """Keys of EIR's `model` section."""

    compile_model: Annotated[bool, WithoutEffect(_ENGINE)] = Field(default=False, exclude=True)
    n_iter_before_swa: Annotated[
        int | None, OnlyDefault("stochastic weight averaging is not built in; the best checkpoint is served")
    ] = Field(default=None, exclude=True)
    pretrained_checkpoint: Annotated[str | None, OnlyDefault(_NO_PRETRAINED)] = Field(default=None, exclude=True)
    strict_pretrained_loading: Annotated[bool, OnlyDefault(_NO_PRETRAINED)] = Field(default=True, exclude=True)


class Optimization(ConfigObject):
    """The optimiser and its numbers."""

    optimizer: Annotated[Literal["adamw", "adam", "sgdm"], OPTIMIZERS] = Field(
        default="adamw", description="AdamW, Adam or SGD with momentum 0.9."
    )
    lr: float = Field(default=3e-4, gt=0, le=100, description="Highest learning rate.")
    lr_lb: float = Field(default=0.0, ge=0, le=100, description="Floor of the learning rate, start of the warm-up.")
    b1: float = Field(default=0.9, ge=0, lt=1, description="Decay of the first moment.")
    b2: float = Field(default=0.999, ge=0, lt=1, description="Decay of the second moment.")
    wd: float = Field(default=1e-4, ge=0, le=100, description="Weight decay, on parameters with two or more axes.")
    gradient_clipping: float = Field(default=1.0, ge=0, description="Highest L2 norm of all gradients; 0: no limit.")
    gradient_accumulation_steps: int | None = Field(
        default=None, ge=1, le=65_536, description="Batches per update of the weights; null: one."
    )
    gradient_noise: Annotated[float, OnlyDefault("noise on gradients is not built in")] = Field(
        default=0.0, exclude=True
    )


class LRSchedule(ConfigObject):
    """How the learning rate moves."""

    lr_schedule: Literal["plateau", "cosine", "cycle", "same"] = Field(
        default="plateau", description="On a plateau of the validation average; over all steps; in restarts; not."
    )
    lr_plateau_patience: int = Field(default=10, ge=0, description="Evaluations without a new best; 0: never.")
    lr_plateau_factor: float = Field(default=0.2, gt=0, lt=1, description="What a plateau multiplies the rate with.")
    warmup_steps: Annotated[int, Field(ge=0, le=10**9)] | Literal["auto"] | None = Field(
        default="auto", description="Linear warm-up; auto: round(2 / (1 - b2)) = 2000; null or 0: none."
    )
    find_lr: Annotated[bool, OnlyDefault("a search for the learning rate is not built in; give lr")] = Field(
        default=False, exclude=True
    )
    plot_lr_schedule: Annotated[bool, WithoutEffect("nothing is drawn during training")] = Field(
        default=False, exclude=True
    )


class TrainingControl(ConfigObject):
    """When to stop early, which files to see more often, how to mix."""

    early_stopping_patience: int = Field(default=10, ge=0, description="Evaluations without a new best; 0: never.")
    early_stopping_buffer: int | None = Field(default=None, ge=0, description="No early stop before this step.")
    weighted_sampling_columns: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Categorical targets whose rare classes are drawn more: COLUMN, OUTPUTNAME__COLUMN, or ['all'].",
    )
    mixing_alpha: float = Field(default=0.0, ge=0, le=1000, description="Mixup of embeddings, Beta(a, a); 0: none.")


class EvaluationCheckpoint(ConfigObject):
    """When the validation files are measured and which weights stay."""

    sample_interval: Annotated[int, Field(ge=1, le=10**9)] | Literal["auto"] = Field(
        default=200, description="Steps between evaluations; auto: the device's plan makes it some twenty of them."
    )
    checkpoint_interval: int | None = Field(
        default=None, ge=1, le=10**9, description="Steps between saved weights; null: at each evaluation."
    )
    n_saved_models: int = Field(default=1, ge=1, le=1000, description="How many of the best weights stay.")
    saved_result_detail_level: Annotated[int, WithoutEffect("every point is kept")] = Field(default=5, exclude=True)


class AttributionAnalysis(ConfigObject):
    """Keys of EIR's `attribution_analysis` section."""

    compute_attributions: Annotated[bool, OnlyDefault(_NO_ATTRIBUTION)] = Field(default=False, exclude=True)
    max_attributions_per_class: Annotated[int | None, WithoutEffect(_NO_ATTRIBUTION)] = Field(
        default=None, exclude=True
    )
    attributions_every_sample_factor: Annotated[int, WithoutEffect(_NO_ATTRIBUTION)] = Field(default=1, exclude=True)
    attribution_background_samples: Annotated[int, WithoutEffect(_NO_ATTRIBUTION)] = Field(default=256, exclude=True)


class Metrics(ConfigObject):
    """What is measured, and which of it decides what is best."""

    cat_metrics: list[CatMetric] = Field(
        default=list(CAT_METRICS), min_length=1, description="Per categorical target.", json_schema_extra=or_null
    )
    con_metrics: list[ConMetric] = Field(
        default=list(CON_METRICS), min_length=1, description="Per continuous target.", json_schema_extra=or_null
    )
    cat_averaging_metrics: list[CatMetric] | None = Field(
        default=None, min_length=1, description="Those that decide; null: mcc, roc-auc-macro and ap-macro."
    )
    con_averaging_metrics: list[ConMetric] | None = Field(
        default=None, min_length=1, description="Those that decide; null: loss (as 1 - loss), pcc and r2."
    )

    @field_validator("cat_metrics", "con_metrics", mode="before")
    @classmethod
    def _null_is_default(cls, value: Any, info: ValidationInfo) -> Any:
        return list(cls.model_fields[str(info.field_name)].default) if value is None else value


class VisualizationLogging(ConfigObject):
    """Keys of EIR's `visualization_logging` section."""

    plot_skip_steps: Annotated[int, WithoutEffect("curves show every point")] = Field(default=200, exclude=True)
    no_pbar: Annotated[bool, WithoutEffect("the client draws the progress")] = Field(default=False, exclude=True)
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], WithoutEffect("a setting of the service")
    ] = Field(default="info", exclude=True)
    save_model_diagram: Annotated[bool, WithoutEffect("no diagram is drawn")] = Field(default=False, exclude=True)


class DataPreparation(ConfigObject):
    """Keys of EIR's `data_preparation` section."""

    streaming_setup_samples: Annotated[int | None, OnlyDefault(_NO_STREAMING)] = Field(default=10_000, exclude=True)
    streaming_batch_size: Annotated[int | None, OnlyDefault(_NO_STREAMING)] = Field(default=None, exclude=True)
    streaming_steps_per_epoch: Annotated[int, OnlyDefault(_NO_STREAMING)] = Field(default=10_000, exclude=True)


class Accelerator(ConfigObject):
    """Keys of EIR's `accelerator` section."""

    hardware: Annotated[str, WithoutEffect(_ENGINE)] = Field(default="auto", exclude=True)
    precision: Annotated[str | int, WithoutEffect(_ENGINE)] = Field(default="32-true", exclude=True)
    strategy: Annotated[str, WithoutEffect(_ENGINE)] = Field(default="auto", exclude=True)
    devices: Annotated[int | list[int] | str, WithoutEffect(_ENGINE)] = Field(default="auto", exclude=True)
    num_nodes: Annotated[int, WithoutEffect(_ENGINE)] = Field(default=1, exclude=True)


class GlobalsConfig(ConfigObject):
    """EIR's global configuration."""

    basic_experiment: BasicExperiment = Field(default_factory=BasicExperiment)
    model: GlobalModel = Field(default_factory=GlobalModel, exclude=True)
    optimization: Optimization = Field(default_factory=Optimization)
    lr_schedule: LRSchedule = Field(default_factory=LRSchedule)
    training_control: TrainingControl = Field(default_factory=TrainingControl)
    evaluation_checkpoint: EvaluationCheckpoint = Field(default_factory=EvaluationCheckpoint)
    attribution_analysis: AttributionAnalysis = Field(default_factory=AttributionAnalysis, exclude=True)
    metrics: Metrics = Field(default_factory=Metrics)
    visualization_logging: VisualizationLogging = Field(default_factory=VisualizationLogging, exclude=True)
    data_preparation: DataPreparation = Field(default_factory=DataPreparation, exclude=True)
    accelerator: Accelerator = Field(default_factory=Accelerator, exclude=True)
    latent_sampling: Annotated[None, OnlyDefault("latent sampling is not built in")] = Field(default=None, exclude=True)
