"""Schemathesis against a live `octet serve`, the same requests every time: `python -m tests.conformance [EXAMPLES]`.

EXAMPLES is the number of generated requests for an operation and phase, beside those that walk its boundaries.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from tests.support.service import Service, serving, wait_for
from tests.support.story import told

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 8
PHASES = ("stateful", "examples,coverage,fuzzing")
"""Sequences of calls come first: the single ones remove what the examples speak of."""


def main(examples: int) -> int:
    """The exit code of schemathesis: 0 when every check of every request held."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as service:
        return _ask(service, Path(name) / "openapi.json", examples)


def _ask(service: Service, file: Path, examples: int) -> int:
    """Make what the examples speak of, then let the document be tried with the ids of this service in it."""
    with httpx.Client(base_url=service.url, timeout=60) as client:

        def succeeded(path: str) -> None:
            wait_for(lambda: client.get(path).json()["status"] == "succeeded", 120, f"{path} succeeding")

        story = told(client, lambda run: succeeded(f"/runs/{run}"), lambda job: succeeded(f"/predictions/{job}"))
        file.write_text(json.dumps(story.of(client.get("/openapi.json").json())))
    schemathesis = [str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG), "run", str(file)]
    schemathesis += ["--url", service.url, "--max-examples", str(examples)]
    return max(subprocess.run([*schemathesis, "--phases", phases], check=False).returncode for phases in PHASES)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES))
