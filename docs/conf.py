"""How the documentation is built: `make docs`, with warnings as errors."""

from __future__ import annotations

from importlib.metadata import version as _version
from typing import Any

project = "liveconfig"
version = release = _version("liveconfig")
html_title = "liveconfig"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_static_path: list[str] = []
exclude_patterns = ["_build"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# What docstrings put between single backticks is code.
default_role = "code"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False

# What other projects document, and type variables, have no page here.
nitpick_ignore_regex = [
    ("py:.*", r"(?!liveconfig).*"),
    ("py:.*", r"liveconfig\..*\.(T|Public)"),
]


def _without_charter(app: Any, what: str, *others: Any) -> None:
    """Take out what a module says to whoever changes it, for readers of the site."""
    lines = others[-1]
    if what == "module" and "" in lines:
        paragraphs = "\n".join(lines).split("\n\n")
        kept = [each for each in paragraphs if not each.startswith("Owns:")]
        lines[:] = "\n\n".join(kept).split("\n")


def setup(app: Any) -> None:
    """Have Sphinx call what is above."""
    app.connect("autodoc-process-docstring", _without_charter)
