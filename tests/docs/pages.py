"""A page as a reader follows it: its blocks in order, in one shell, in a folder of its own, against a real service."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docs.blocks import RUN, Block
from tests.support.service import Service

LIMIT_S = 600
BUDGET_S = 2
"""What a page gives a training is cut to so many seconds; a reader has more time than CI."""
BUDGET = re.compile(r"""(--max-runtime |max_runtime_s"?[=:] ?)\d+""")
NATIVE = {
    "python": "python - <<'{end}'\n{text}{end}\n",
    "javascript": "node --input-type=module - <<'{end}'\n{text}{end}\n",
    "java": "cat > Block.java <<'{end}'\n{text}{end}\njava Block.java\n",
}
END = "THE_BLOCK_ENDS"


@dataclass(frozen=True)
class Followed:
    """What came of a page."""

    exit_code: int
    said: str

    @property
    def place(self) -> str:
        """The block that was begun last."""
        return self.said.rpartition("\n== ")[2].partition("\n")[0]


def script(page: list[Block]) -> str:
    """The blocks as one Bash script that ends at the first failure; variables of one block are there in the next."""
    parts = ["set -euo pipefail\n"]
    for block in page:
        text = block.text
        if block.language in NATIVE:
            text = NATIVE[block.language].format(text=block.text, end=END)
        parts.append(f"echo; echo '== {block.place}'\n{text}")
    return "\n".join(parts)


def to_run(found: list[Block]) -> list[Block]:
    """Those that run on this machine: whatever it has an interpreter for."""
    return [block for block in found if block.runs and shutil.which(RUN[block.language], path=_path())]


def follow(page: list[Block], service: Service, folder: Path) -> Followed:
    """Run a page's blocks. A page speaks of a service at its usual address and of its usual data folder."""
    text = BUDGET.sub(rf"\g<1>{BUDGET_S}", script(to_run(page)))
    text = text.replace("http://127.0.0.1:8000", service.url).replace("./octet-data", str(service.data_dir))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OCTET_")}
    told = {"OCTET_URL": service.url, "OCTET_PORT": service.url.rpartition(":")[2], "NO_COLOR": "1", "PATH": _path()}
    with (folder.parent / f"{folder.name}.said").open("w+b") as said:  # no pipe: who is left behind would hold it open
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=folder,
            env=clean | service.environment | told,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            timeout=LIMIT_S,
            check=False,
        )
        said.seek(0)
        return Followed(done.returncode, said.read().decode(errors="replace"))


def _path() -> str:
    """With `octet` and the `python` of these tests before all others."""
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"
