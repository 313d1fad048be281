"""The console: the pages of a browser app, whose tokens are kept in cookies.

Start at `pages.blueprint`; each other module has the views of one page.
"""

from . import admin, break_in, notes, sessions, sign_in, token
from .pages import blueprint, error_page

__all__ = ["admin", "blueprint", "break_in", "error_page", "notes", "sessions", "sign_in", "token"]
