"""The tables of docs/migrating.md: written from the package's own by MIGRATING_PAGE=write."""

from collections.abc import Iterable, Mapping

from flask_tokenguard.cli.migrating.behaviours import BEHAVIOURS
from flask_tokenguard.cli.migrating.names import DECORATORS, EXCEPTIONS, FUNCTIONS, LOADERS, Name
from flask_tokenguard.cli.migrating.settings import PREFIX, SETTINGS, Setting

from ...support import ROOT

PAGE = ROOT / "docs" / "migrating.md"
Rows = Mapping[str, Name] | Mapping[str, Setting]
TABLES: dict[str, tuple[str, Rows]] = {
    "Settings": (f"`{PREFIX}{{}}`", SETTINGS),
    "Decorators": ("`{}`", DECORATORS),
    "Loaders": ("`@jwt.{}`", LOADERS),
    "Functions": ("`{}`", FUNCTIONS),
    "Exceptions": ("`{}`", EXCEPTIONS),
    "Behaviours": ("{}", BEHAVIOURS),
}
_HEAD = ("theirs", "ours", "what differs, and why")


def lines_of(section: str) -> list[str]:
    """Write the rows of a section."""
    form, rows = TABLES[section]
    named = [(form.format(name), row.write, row.differs) for name, row in rows.items()]
    return [_line(_HEAD), _line("---" for _ in _HEAD), *map(_line, named)]


def written() -> str:
    """Return the page with its tables written anew."""
    text = PAGE.read_text()
    for section in TABLES:
        before, rest = text.split(f"\n### {section}\n", 1)
        lines = rest.split("\n")
        first = next((at for at, line in enumerate(lines) if line.startswith("|")), len(lines))
        last = first
        while last < len(lines) and lines[last].startswith("|"):
            last += 1
        lines[first:last] = lines_of(section)
        text = f"{before}\n### {section}\n" + "\n".join(lines)
    return text


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
