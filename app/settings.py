"""Every knob of every process: environment variables OCTET_*, one small class per room."""

from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_FROM_ENVIRONMENT = SettingsConfigDict(env_prefix="OCTET_", env_ignore_empty=True, frozen=True, extra="forbid")


class HttpSettings(BaseSettings):
    """Where the API listens."""

    model_config = _FROM_ENVIRONMENT

    host: str = Field(default="127.0.0.1", description="Address to bind; only this machine by default.")
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port; 0 takes a free one.")
    root_path: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~-]+)*/?$",
        description="Path prefix that a proxy serves it below, e.g. /octet; whether the proxy takes it off or not.",
    )
    drain_s: float = Field(
        default=0.0,
        ge=0,
        description="After SIGTERM the API says so long that it is not ready, while it goes on to serve: time for a "
        "proxy to send requests elsewhere.",
    )


class ClockSettings(BaseSettings):
    """How long a lease lives and how often who looks; all in seconds."""

    model_config = _FROM_ENVIRONMENT

    heartbeat_s: float = Field(default=3.0, gt=0, description="A worker renews its lease this often.")
    lease_s: float = Field(
        default=12.0,
        gt=0,
        validate_default=True,
        description="A lease that was not renewed for so long is lost; two heartbeats at least.",
    )
    reaper_s: float = Field(default=2.0, gt=0, description="The reaper looks this often.")
    announce_s: float = Field(
        default=5.0, gt=0, description="A queued run whose message is gone is announced again after this."
    )
    grace_s: float = Field(default=20.0, ge=0, description="Time for a checkpoint between a stop and SIGKILL.")
    max_attempts: int = Field(default=5, ge=1, description="Failures without a new checkpoint until a run fails.")

    @field_validator("lease_s", mode="after")
    @classmethod
    def _outlasts_two_heartbeats(cls, lease_s: float, known: ValidationInfo) -> float:
        """A lease that one late heartbeat ends would be lost on any busy machine."""
        heartbeat_s = known.data.get("heartbeat_s", 0.0)  # missing: it is wrong itself, and said so
        if lease_s < 2 * heartbeat_s:
            raise ValueError(
                f"a lease of {lease_s:g} s does not outlast two heartbeats of {heartbeat_s:g} s: "
                f"{2 * heartbeat_s:g} or more, or set OCTET_HEARTBEAT_S to {lease_s / 2:g} or less"
            )
        return lease_s


class LimitSettings(BaseSettings):
    """What a request may carry at most."""

    model_config = _FROM_ENVIRONMENT

    predict_max_bytes: int = Field(default=2 * 2**30, gt=0, description="Body of one POST /predict.")
    upload_max_bytes: int = Field(default=16 * 2**30, gt=0, description="Body of one POST /datasets.")
    disk_reserve_bytes: int = Field(
        default=2**29, ge=0, description="Uploads stop before less than this is free on the disk of the data dir."
    )
    orphan_age_s: float = Field(
        default=86_400.0,
        ge=0,
        description="Files in the storage that no row names are removed after so long; 0 leaves them.",
    )
    json_max_bytes: int = Field(default=16 * 2**20, gt=0, description="Any JSON body.")
    max_items: int = Field(default=10_000, gt=0, description="Files of one multipart or EIR prediction.")


class ServingSettings(BaseSettings):
    """Models in memory and predictions in the queue."""

    model_config = _FROM_ENVIRONMENT

    model_cache_bytes: int = Field(default=2 * 2**30, gt=0, description="Loaded models are kept up to this size.")
    predict_queue: int = Field(default=256, gt=0, description="Requests that may wait for the engine before 503.")
    predict_batch: int = Field(default=32, gt=0, description="Files computed together at most.")
    predict_threads: int = Field(default=0, ge=0, description="CPU threads of the engine; 0 takes all cores.")


class WorkerSettings(BaseSettings):
    """The process that trains."""

    model_config = _FROM_ENVIRONMENT

    train_threads: int = Field(default=0, ge=0, description="CPU threads of a training; 0 lets the plan choose.")
    devices: Literal["auto", "cpu", "cpu,cuda"] = Field(
        default="auto", description="What trainings may use; auto: a GPU where there is one. cpu hides GPUs from them."
    )
    train_memory_bytes: int = Field(
        default=0,
        ge=0,
        description="Memory of a training, or of a prediction over a data set, on a CPU; the API refuses runs that "
        "need more. 0: what the worker's machine grants (`octet serve` tells its API).",
    )
    train_nice: int = Field(default=10, ge=0, le=19, description="Niceness of training and predicting processes.")
    resume_save_s: float = Field(
        default=60.0, ge=0, description="A training that is killed repeats so many seconds at most."
    )
    prediction_save_s: float = Field(
        default=20.0, ge=0, description="A prediction over a data set that is killed repeats so many seconds at most."
    )


class Settings(BaseSettings):
    """All settings of one process. Every field, also of the parts, is one variable OCTET_<NAME>."""

    model_config = _FROM_ENVIRONMENT

    data_dir: Path = Field(default=Path("octet-data"), validate_default=True, description="All that the service keeps.")
    storage_dir: Path = Field(
        default_factory=lambda known: known["data_dir"] / "storage", description="Data sets, checkpoints, logs."
    )
    database_password_file: Path | None = Field(
        default=None, description="A file that holds the password of OCTET_DATABASE_URL, such as a mounted secret."
    )
    broker_password_file: Path | None = Field(
        default=None, description="A file that holds the password of OCTET_BROKER_URL."
    )
    database_url: str = Field(
        default_factory=lambda known: f"sqlite:///{known['data_dir'] / 'octet.db'}",
        validate_default=True,
        description="sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME.",
    )
    broker_url: str | None = Field(
        default=None,
        validate_default=True,
        description="redis://..., rediss://... or redis+socket:///PATH; `octet serve` brings its own.",
    )
    http: HttpSettings = Field(default_factory=HttpSettings)
    clocks: ClockSettings = Field(default_factory=ClockSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    serving: ServingSettings = Field(default_factory=ServingSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)

    @field_validator("data_dir", "storage_dir", mode="after")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("database_password_file", "broker_password_file", mode="after")
    @classmethod
    def _holds_a_password(cls, file: Path | None) -> Path | None:
        if file is None:
            return None
        try:
            if not _password_in(file):
                raise ValueError(f"{file} holds no password")
        except OSError as error:
            raise ValueError(f"{file} cannot be read: {error.strerror or error}") from error
        return file.absolute()

    @field_validator("database_url", mode="after")
    @classmethod
    def _known_database(cls, url: str, known: ValidationInfo) -> str:
        file = known.data.get("database_password_file")
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError(
                f"OCTET_DATABASE_URL is {url.partition(':')[0]}:...; use sqlite:///PATH or postgresql+psycopg://..."
            )
        if file is not None and url.startswith("sqlite"):
            raise ValueError("SQLite has no password: OCTET_DATABASE_PASSWORD_FILE needs postgresql+psycopg://...")
        return url if file is None else _with_password(url, _password_in(file))

    @field_validator("broker_url", mode="after")
    @classmethod
    def _known_broker(cls, url: str | None, known: ValidationInfo) -> str | None:
        file = known.data.get("broker_password_file")
        if url is not None and not url.startswith(("redis://", "rediss://", "redis+socket://")):
            raise ValueError(
                f"OCTET_BROKER_URL is {url.partition(':')[0]}:...; use redis://HOST:PORT/DB, rediss://... or "
                "redis+socket:///PATH"
            )
        if file is not None and url is None:
            raise ValueError("OCTET_BROKER_PASSWORD_FILE needs an OCTET_BROKER_URL: the bundled broker has no password")
        return url if url is None or file is None else _with_password(url, _password_in(file))

    @property
    def incoming_dir(self) -> Path:
        """Uploads and packs that are not finished; on the file system of the data dir, so that a move is a rename."""
        return self.data_dir / "incoming"

    def environment(self) -> dict[str, str]:
        """These settings as OCTET_* variables, for the child processes of the supervisor."""
        flat: dict[str, Any] = {}
        for name, value in self:
            flat.update(dict(value) if isinstance(value, BaseSettings) else {name: value})
        return {f"OCTET_{name.upper()}": str(value) for name, value in flat.items() if value is not None}


def _password_in(file: Path) -> str:
    """The text of a file without the end of its line, which editors and `echo` add. Raises OSError."""
    return file.read_text(errors="replace").rstrip("\r\n")


def _with_password(url: str, password: str) -> str:
    """The URL with this password, in place of its own if it has one: a file is renewed, an address is not."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{name}:{quote(password, safe='')}@{host}"))
