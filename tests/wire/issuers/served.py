"""Key sets and metadata of issuers that are libraries and serve nothing themselves."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...fetching.servers import KeyServer, answering, head


@contextmanager
def serving(document: Mapping[str, Any]) -> Iterator[str]:
    """Serve one document on loopback, and give its address."""
    octets = json.dumps(document).encode()
    with KeyServer(answering(head(size=len(octets)) + octets)) as server:
        yield server.url()
