"""Key material in any form -> `Key` objects that sign, verify, encrypt or decrypt.

Start at `text.read_entries` for configured keys, at `ring.KeyRing` for a folder of keys, at
`remote/` for the keys of another issuer.
"""

from typing import TYPE_CHECKING

from ..on_demand import names_on_demand

if TYPE_CHECKING:
    from .ring_files import RingEntry
    from .ring_files import make as make_ring
    from .ring_files import read_index as read_ring
    from .ring_files import rotate as rotate_ring
else:
    __getattr__, __dir__ = names_on_demand(
        __name__,
        {
            ".ring_files": "RingEntry, make as make_ring, read_index as read_ring,"
            " rotate as rotate_ring"
        },
    )

__all__ = ["RingEntry", "make_ring", "read_ring", "rotate_ring"]
