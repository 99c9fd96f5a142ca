"""This machine: versions, what torch can use, memory, open files, and the port of the service."""

import errno
import http.client
import json
import platform
import resource
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

from app.doctor.findings import Finding
from app.settings import Settings
from models.devices import usable_devices
from models.memory import left_for_training

TORCH_S = 90.0
"""Importing torch from a cold disk takes long."""
FEW_OPEN_FILES = 1024
_ASK_TORCH = """
import json, torch
cuda = torch.cuda.is_available()
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else []
float(torch.ones(8).sum())
print(json.dumps({"threads": torch.get_num_threads(), "cuda": names, "built": torch.version.cuda}))
"""


def look_at_versions() -> Sequence[Finding]:
    """What is installed; each of them is a fact, none can be wrong: pip keeps to what Octet needs."""
    said = (
        f"octet {version('octet')}, Python {platform.python_version()}, torch {version('torch')}, {platform.platform()}"
    )
    return [Finding("versions", "ok", said)]


def look_at_device(settings: Settings) -> Sequence[Finding]:
    """What torch itself says, in a process of its own that may be ended, beside what trainings may use."""
    command = [sys.executable, "-P", "-c", _ASK_TORCH]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TORCH_S - 5, check=False)
    except subprocess.TimeoutExpired:
        return [
            Finding("device", "fail", "torch could not be imported in time", "look at the disk, or install torch anew")
        ]
    if done.returncode != 0:
        why = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"code {done.returncode}")
        return [
            Finding("device", "fail", f"torch cannot be used: {why}", "install it anew: make install TORCH=cpu or cuda")
        ]
    found = json.loads(done.stdout.splitlines()[-1])
    asked, usable = settings.worker.devices, usable_devices(settings.worker.devices)
    said = f"{found['threads']} CPU threads, {', '.join(found['cuda']) or 'no GPU'} (OCTET_DEVICES={asked})"
    if "cuda" in usable and not found["cuda"]:
        built = "this build of torch is for CPUs" if not found["built"] else "torch cannot use the driver"
        todo = f"{built}: make install TORCH=cuda, mend the driver, or set OCTET_DEVICES=cpu"
        return [Finding("device", "fail", f"{said}: a GPU is expected", todo)]
    return [Finding("device", "ok", said), _memory(settings)]


def _memory(settings: Settings) -> Finding:
    granted = settings.worker.train_memory_bytes or left_for_training()
    if granted is None:
        return Finding("memory", "ok", "this system does not say how much a training may take")
    said = f"a training on the CPU may take {granted / 2**30:.1f} GiB"
    if granted < 2**30:
        return Finding(
            "memory", "warn", said, "end other programs, or train on a machine with more; many configs will not fit"
        )
    return Finding("memory", "ok", said)


def look_at_open_files() -> Sequence[Finding]:
    """Every connection, watcher and mapped data set takes one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FEW_OPEN_FILES:
        todo = f"raise it before the service starts: ulimit -n {min(4096, hard) if hard > 0 else 4096}"
        return [Finding("open files", "warn", f"a process may open {soft}", todo)]
    return [
        Finding("open files", "ok", f"a process may open {soft if soft != resource.RLIM_INFINITY else 'any number'}")
    ]


def look_at_port(settings: Settings) -> Sequence[Finding]:
    """Whether the service could listen, or who does."""
    host, port = settings.http.host, settings.http.port
    where = f"port {port} of {host}"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_octet(host, port):
            return [Finding("port", "ok", f"an Octet answers on {where}")]
        in_use = error.errno == errno.EADDRINUSE
        why = "is in use by another program" if in_use else f"cannot be listened on ({error.strerror or error})"
        return [
            Finding("port", "fail", f"{where} {why}", "choose another one: --port or OCTET_PORT, --host or OCTET_HOST")
        ]
    return [Finding("port", "ok", f"{where} is free")]


def _is_octet(host: str, port: int) -> bool:
    asking = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=3)
    try:
        asking.request("GET", "/health/live")
        return bool(json.loads(asking.getresponse().read(1000)) == {"status": "live"})
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        asking.close()
