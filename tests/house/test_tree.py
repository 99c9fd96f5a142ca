"""docs/architecture.md shows the house as it is."""

import re

from tests.house import tree
from tests.house.source import ROOT


def test_the_tree_in_the_document_is_the_real_one():
    assert tree.tree() in tree.written(), "run: python -m tests.house.tree"


def test_the_walk_names_at_most_eight_files_and_each_exists():
    walk = tree.DOCUMENT.read_text().split("## The walk")[1].split("\n## ")[0]
    files = list(dict.fromkeys(re.findall(r"`((?:app|models|worker)/[a-z_/]+\.py)`", walk)))
    assert 5 <= len(files) <= 8
    assert [f for f in files if not (ROOT / f).exists()] == []
