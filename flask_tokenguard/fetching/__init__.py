"""A URL -> the document behind it, bounded in time and size.

Start at `fetcher.Fetcher`. What an app's own `fetch` needs is here; nothing here imports HTTP until
something is fetched.
"""

from .document import Fetch, Fetched, FetchError

__all__ = ["Fetch", "FetchError", "Fetched"]
