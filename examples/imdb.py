"""The data and the three files of EIR's tutorial 06: `.venv/bin/python -m examples.imdb aclImdb_v1.tar.gz [FOLDER]`.

The archive is the Large Movie Review Dataset of Maas et al. (2011), https://ai.stanford.edu/~amaas/data/sentiment/.
FOLDER (default: tutorial) gets `data/IMDB/IMDB_Reviews/ID_RATING.txt`, `data/IMDB/imdb_labels.csv` and `conf/*.yaml`.
"""

import csv
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

SENTIMENT = {"pos": "Positive", "neg": "Negative"}
CONF = {
    "globals": """\
basic_experiment:
  output_folder: runs/tutorial_06_imdb_sentiment_binary
  n_epochs: 50
  valid_size: 0.1
  memory_dataset: true
  dataloader_workers: 0
evaluation_checkpoint:
  sample_interval: 1000
  checkpoint_interval: 1000
  n_saved_models: 1
training_control:
  mixing_alpha: 0.5
""",
    "input": """\
input_info:
  input_source: data/IMDB/IMDB_Reviews
  input_name: imdb_reviews_bytes_base_transformer
  input_type: bytes
input_type_info:
  max_length: 1024
  sampling_strategy_if_longer: uniform
model_config:
  model_type: sequence-default
  window_size: 128
  embedding_dim: 64
  position: embed
  pool: avg
  model_init_config:
    num_layers: 4
    num_heads: 8
""",
    "output": """\
output_info:
  output_source: data/IMDB/imdb_labels.csv
  output_name: imdb_output
  output_type: tabular
output_type_info:
  target_cat_columns:
    - Sentiment
""",
}


def main(argv: Sequence[str]) -> int:
    """Lay out the folder; 0 when it is ready."""
    if not 1 <= len(argv) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(argv[1] if len(argv) == 2 else "tutorial")
    count = unpack(Path(argv[0]), folder / "data/IMDB")
    if not count:
        print(f"{argv[0]} holds no aclImdb/train/pos/*.txt: is it aclImdb_v1.tar.gz?", file=sys.stderr)
        return 1
    (folder / "conf").mkdir(exist_ok=True)
    for name, text in CONF.items():
        (folder / "conf" / f"{name}.yaml").write_text(text)
    train = "octet train conf/globals.yaml conf/input.yaml conf/output.yaml"
    print(f"{folder}: {count:,} reviews. Go on: cd {folder} && {train}")
    return 0


def unpack(archive: Path, data: Path) -> int:
    """The labelled training reviews as files of one folder, and their labels; how many there are."""
    reviews = data / "IMDB_Reviews"
    reviews.mkdir(parents=True, exist_ok=True)
    labels: dict[str, str] = {}
    with tarfile.open(archive) as packed:
        for member in packed:
            # as in EIR's tutorial: the training half alone, every review under its own name
            _, *way = member.name.split("/")
            if member.isfile() and len(way) == 3 and way[0] == "train" and way[1] in SENTIMENT:
                content = packed.extractfile(member)
                assert content is not None
                name = Path(way[2])
                (reviews / name.name).write_bytes(content.read())
                labels[name.stem] = SENTIMENT[way[1]]
    with (data / "imdb_labels.csv").open("w", newline="") as table:
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["ID", "Sentiment"])
        rows.writerows(sorted(labels.items()))
    return len(labels)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
