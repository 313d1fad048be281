"""A store of your own -> tests of what every store does; needs pytest.

Start at `contract.StoreContract`.
"""

from .contract import SettableClockContract, StoreContract
from .family import AtAnotherTime, Family, Now, Wait, WaitFor, new_id, new_refresh

__all__ = [
    "AtAnotherTime",
    "Family",
    "Now",
    "SettableClockContract",
    "StoreContract",
    "Wait",
    "WaitFor",
    "new_id",
    "new_refresh",
]
