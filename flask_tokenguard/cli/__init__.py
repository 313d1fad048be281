"""`flask tokenguard`: the command line.

Start at `commands.tokenguard`, the group; each other module is one topic.
"""

from .commands import tokenguard

__all__ = ["tokenguard"]
