"""How the pages of this folder are built: `sphinx-build docs docs/_build`.

`<!-- index: NAME -->` on a page leads a search for the name to the heading below it.
"""

import re
from collections.abc import MutableSequence

project = "flask-tokenguard"
author = "the flask-tokenguard authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
default_role = "code"
# Its fonts are the system's, and it asks nothing of the network.
html_theme = "furo"
html_title = "flask-tokenguard"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False


def name_in_index(_app: object, _page: str, source: MutableSequence[str]) -> None:
    """Make entries of the index, which a search takes first, of remarks that no reader sees."""
    source[0] = re.sub(
        r"^<!-- index: (\S+) -->$",
        r"```{index} ! \1\n```\n",
        source[0],
        flags=re.MULTILINE,
    )


def setup(app: object) -> None:
    """Let Sphinx call us."""
    app.connect("source-read", name_in_index)  # type: ignore[attr-defined] # Sphinx is not here in tests
