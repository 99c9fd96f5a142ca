"""Which devices trainings may use on this machine, found without torch: neither worker nor API ever load it."""

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

Device = Literal["cpu", "cuda"]

GPU_FILES = ("/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/dxg", "/dev/kfd")
"""One of these is there when a driver is: NVIDIA's, that of its Jetson boards, Windows' (WSL), AMD's."""
HIDING = {"", "-1", "NoDevFiles"}
"""Values of CUDA_VISIBLE_DEVICES that leave no GPU."""


def usable_devices(asked: Literal["auto", "cpu", "cpu,cuda"]) -> frozenset[Device]:
    """The devices of OCTET_DEVICES; `auto` looks for a GPU that training could use."""
    with_gpu = gpu_in_sight(GPU_FILES, os.environ, _torch_version()) if asked == "auto" else asked == "cpu,cuda"
    return frozenset({"cpu", "cuda"} if with_gpu else {"cpu"})


def gpu_in_sight(files: Sequence[str], environment: Mapping[str, str], torch_version: str) -> bool:
    """Whether there is a driver, the environment hides no GPU from us, and torch was built for one."""
    hidden = environment.get("CUDA_VISIBLE_DEVICES", "0") in HIDING
    return not hidden and not torch_version.endswith("+cpu") and any(Path(file).exists() for file in files)


def _torch_version() -> str:
    """As pip knows it; '+cpu' marks a build without GPUs."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
