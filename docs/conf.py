"""How the site is built from the Markdown pages, which GitHub shows as they are: `make docs`.

The order of the pages is that of the lists in docs/README.md: each heading there is a part of the site's navigation.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

project = "Octet"
author = "the authors of Octet"
project_copyright = author
root_doc = "docs/README"
# Read from the project's root, so that links between README.md, docs/ and benchmarks/ are links of the site, too.
include_patterns = ["*.md", "docs/**.md", "benchmarks/*.md"]
exclude_patterns = [".*", "*.egg-info", "build", "dist", "octet-data", "demo-data", "app", "models", "worker", "octet"]
exclude_patterns += ["migrations", "tests", "examples", "**/__pycache__"]
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 6
myst_links_external_new_tab = False
suppress_warnings: list[str] = []
highlight_language = "text"
pygments_style = "friendly"
pygments_dark_style = "monokai"

html_theme = "furo"
html_title = "Octet"
html_static_path = ["static"]
html_css_files = ["octet.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_baseurl = ""

linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_workers = 5
# A service on the reader's own machine.
linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1)(:\d+)?(/.*)?", r"https?://[\w.]*example\.org.*"]

PART = re.compile(r"^## (?P<name>.+?)\n(?P<list>.*?)(?=^## |\Z)", re.M | re.S)
ENTRY = re.compile(r"^- \[(?P<title>[^]]+)\]\((?P<page>[^)#]+)\.md\)", re.M)


def setup(app: Sphinx) -> None:
    """What Sphinx calls when it has read this file."""
    app.connect("source-read", navigation)
    app.connect("build-finished", front_door)


def navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Sphinx wants tables of contents, which GitHub shows as code: they are made of the lists of the first page."""
    if page != root_doc:
        return
    for part in PART.finditer(source[0]):
        entries = [f"{found['title']} <{found['page']}>" for found in ENTRY.finditer(part["list"])]
        fence = "```{toctree}\n:hidden:\n:caption: " + part["name"] + "\n\n" + "\n".join(entries) + "\n```\n"
        source[0] += "\n" + fence


def front_door(app: Sphinx, failure: Exception | None) -> None:
    """build/docs/index.html leads to the first page."""
    if failure is None and app.builder.format == "html":
        link = f"{root_doc}.html"
        page = f'<!doctype html><title>Octet</title><meta http-equiv="refresh" content="0; url={link}">'
        (Path(app.outdir) / "index.html").write_text(f'{page}<a href="{link}">Octet</a>\n', encoding="utf-8")
