"""How the documentation is built: `make docs`, with warnings as errors."""

from __future__ import annotations

from importlib.metadata import version as _version

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
    ("py:.*", r"liveconfig\..*\.T"),
]
