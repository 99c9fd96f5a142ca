"""From a folder to a prediction: `.venv/bin/python -m examples.folder_to_prediction FOLDER FILE [SECONDS]`.

FOLDER holds a folder of files for each class. A service must be running (`make serve`, or at OCTET_URL).
"""

import sys
from collections.abc import Sequence

from octet import Client


def main(argv: Sequence[str]) -> int:
    """Train on FOLDER, tell what FILE is."""
    if not 2 <= len(argv) <= 3:
        print(__doc__, file=sys.stderr)
        return 2
    folder, file, seconds = argv[0], argv[1], float(argv[2]) if len(argv) == 3 else 120.0
    with Client() as octet:
        files = octet.upload(folder, folder_labels="kind")
        run = octet.train(files, "kind", max_runtime_s=seconds)
        for point in octet.watch(run, split="valid"):
            print(f"step {point.step}: {point.name} {point.value:.4f}")
        prediction = octet.predict(file, run=octet.wait(run))
    answer = prediction.answer()
    print(f"{file}: {answer.label} ({(answer.probabilities or {})[str(answer.label)]:.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
