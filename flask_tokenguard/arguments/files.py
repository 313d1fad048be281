"""Files that settings name: a relative name starts in the app's instance folder.

The working directory is another one for a server, a shell and cron; the instance folder is not.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file or folder as a setting names it.

    Attributes:
        name: Its name there, which could be a secret in the wrong place.
        folder: Where a relative name starts.
    """

    name: str = field(repr=False)
    folder: Path

    @property
    def path(self) -> Path:
        """The absolute path."""
        return (self.folder / self.name).absolute()

    def locate(self) -> Path:
        """Return the absolute path, at which there need not be anything yet.

        Raises:
            ValueError: It is in the working directory instead; the message follows the setting.
        """
        path = self.path
        if not os.path.lexists(path) and os.path.lexists(self.name):
            raise ValueError(
                f"is not at {path}, where a relative name leads, but at"
                f" {Path(self.name).absolute()}: move it, or set its absolute path"
            )
        return path

    def find(self) -> Path:
        """Return the absolute path, at which there is something.

        Raises:
            ValueError: There is not, or as `locate` does. The message follows the setting, and
                leaves out a name that leads nowhere.
        """
        path = self.locate()
        try:
            path.stat()
        except (OSError, ValueError) as error:
            fault = getattr(error, "strerror", "no file can have this name")
            is_relative = not Path(self.name).is_absolute()
            start = f"; a relative name starts in {self.folder.absolute()}" if is_relative else ""
            raise ValueError(f"cannot be read: {fault}{start}") from None
        return path


def missing(folder: Path) -> str:
    """Return the sentence about a folder that is not there."""
    return f"the folder {folder} is not there; make it: mkdir -p -m 700 {quote(str(folder))}"
