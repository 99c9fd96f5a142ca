"""How the threads of the learning machine wait for one another; to be said before torch is loaded. Free of torch."""

import os


def wait_without_spinning() -> None:
    """Let idle threads sleep instead of spinning, unless the user has decided (OMP_WAIT_POLICY).

    A spinning thread takes the core that the others wait for: on two cores with busy neighbours, a training step took
    0.2 s with sleeping threads and 0.9 s with spinning ones. OpenMP reads this once, when torch is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
