"""A worker knows without torch whether its trainings could use a GPU."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.devices import gpu_in_sight, usable_devices


@pytest.fixture
def driver(tmp_path: Path) -> str:
    (tmp_path / "nvidiactl").touch()
    return str(tmp_path / "nvidiactl")


def test_a_driver_and_a_torch_for_it_are_a_gpu(driver: str):
    assert gpu_in_sight(["/no/such/driver", driver], {}, "2.13.0")
    assert gpu_in_sight([driver], {"CUDA_VISIBLE_DEVICES": "1"}, "2.13.0+cu130")


def test_without_a_driver_there_is_none(tmp_path: Path):
    assert not gpu_in_sight([str(tmp_path / "nvidiactl")], {}, "2.13.0")


def test_a_torch_that_was_built_without_gpus_sees_none(driver: str):
    assert not gpu_in_sight([driver], {}, "2.13.0+cpu")


@pytest.mark.parametrize("hidden", ["", "-1", "NoDevFiles"])
def test_a_hidden_gpu_is_none(driver: str, hidden: str):
    assert not gpu_in_sight([driver], {"CUDA_VISIBLE_DEVICES": hidden}, "2.13.0")


def test_the_setting_overrules_what_is_found():
    assert usable_devices("cpu") == {"cpu"}
    assert usable_devices("cpu,cuda") == {"cpu", "cuda"}


def test_auto_finds_what_torch_finds():
    code = "import torch; print('cuda' if torch.cuda.is_available() else 'cpu')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True).stdout
    assert usable_devices("auto") == {"cpu", found.strip()}
