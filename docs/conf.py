"""How the pages of this folder are built: `sphinx-build docs docs/_build`."""

project = "flask-tokenguard"
author = "the flask-tokenguard authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
default_role = "code"
