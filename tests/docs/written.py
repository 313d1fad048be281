"""What programs write on pages: settings from `Settings`, commands from click.

`python -m tests.docs.written` writes each part anew, between `<!-- written: NAME -->` and
`<!-- end -->`. The text of a setting is the string below its field; that of a command is its help.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import Field, fields
from datetime import timedelta
from typing import Any, NamedTuple

import click

from flask_tokenguard.cli.commands import tokenguard
from flask_tokenguard.config.settings import PREFIX, Settings

from ..support import ROOT

DOCS = ROOT / "docs"
_PLACE = re.compile(r"(<!-- written: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
# The field with which a group of settings begins.
_GROUPS = {
    "key": "Keys",
    "issuer": "What tokens state",
    "issuers": "Tokens of others",
    "encryption": "Encryption and published keys",
    "types": "What is accepted",
    "access_token_lifetime": "Lifetimes and refresh",
    "storage_uri": "The store",
    "token_locations": "Where tokens are",
    "cookie_access_name": "Cookies",
    "protect": "Which endpoints",
    "max_token_size": "Sizes and the cache",
    "realm": "The challenge",
}
# A field's annotation: what is written in the config.
_TYPES = {
    "str": "a text",
    "NamedFile": "the name of a file or folder",
    "timedelta": "a duration; a number is in seconds",
    "int": "a whole number",
    "bool": "true or false",
    "bool | tuple[str, ...]": "true, false, or a list of texts",
    "str | Mapping[str, Any]": "a text or an object",
    "tuple[str, ...]": "a list of texts",
    "tuple[str | None, ...]": "a list of texts and null",
    "tuple[LocationEntry, ...]": "a list of texts",
    "tuple[KeyEntry, ...]": "a list of objects",
    "Mapping[str, IssuerEntry]": "an object",
    "FormerEntry": "an object",
    "EncryptionEntry": "an object",
}
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Text(NamedTuple):
    """What stands at a setting's field, and in the string below it.

    Attributes:
        kind: What it is, in words.
        meaning: Its sentences.
        default: In words, where the code's is None.
        example: A value as Python writes it.
    """

    kind: str
    meaning: str
    default: str
    example: str


def setting_texts() -> dict[str, Text]:
    """Read the string below each field of `Settings`."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(Settings))).body
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for statement, below in zip(body.body, body.body[1:], strict=False):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name), annotation=annotation),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[name] = _read_text(ast.unparse(annotation), " ".join(text.split()))
    return texts


def _read_text(annotation: str, text: str) -> Text:
    parts = re.fullmatch(r"(.*?\.)(?: Default: (.*?)\.)? Example: `(.*)`\.", text)
    assert parts is not None, text
    # Types of what is imported when it is used stand in quotes.
    kind = _TYPES[annotation.strip("'").removesuffix(" | None")]
    return Text(kind, parts[1], parts[2] or "", parts[3])


def duration(seconds: float) -> str:
    """Write a duration in its largest whole unit."""
    for unit, size in reversed(_UNITS.items()):
        if seconds and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {unit}{'s' * (count != 1)}"
    return f"{seconds:g}"


def default_of(setting: Field[Any], text: Text) -> str:
    """Write a setting's default, in words where the code's is None."""
    default = setting.default
    match default:
        case None | ():
            return text.default or "none"
        case bool():
            return str(default).lower()
        case int():
            return f"{default:,}"
        case timedelta():
            return duration(default.total_seconds())
        case tuple():
            return "`[" + ", ".join(f'"{item}"' for item in default) + "]`"
    return f"`{default}`"


def settings() -> str:
    """Write a section for each setting."""
    texts = setting_texts()
    return "\n".join(line for setting in fields(Settings) for line in _section(setting, texts))


def _section(setting: Field[Any], texts: dict[str, Text]) -> Iterator[str]:
    text = texts[setting.name]
    if setting.name in _GROUPS:
        yield f"## {_GROUPS[setting.name]}\n"
    name = setting.name.upper()
    yield from _index(name)
    yield f"### {PREFIX}{name}\n"
    yield f"{text.meaning}\n"
    yield f"- Type: {text.kind}"
    yield f"- Default: {default_of(setting, text)}"
    yield f"- Example: `{text.example}`\n"


def commands() -> str:
    """Write a section for each command, as its own `--help` has it."""
    context = click.Context(tokenguard, info_name="flask tokenguard")
    names = tokenguard.list_commands(context)
    found = ((name, tokenguard.get_command(context, name)) for name in names)
    return "\n".join(line for name, one in found if one for line in _command(name, one, context))


def _command(name: str, command: click.Command, above: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=above)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from _index(name)
    yield f"## {name}\n"
    yield f"```\nflask tokenguard {name} {usage}\n```\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1] and "--help" not in record[0]:
            yield f"- {_signature(record[0])}: {' '.join(record[1].split())}"
    yield ""


def _signature(option: str) -> str:
    """Write an option and its choices, between which a narrow page may break."""
    name, _, choices = option.partition(" [")
    texts = choices.removesuffix("]").split("|") if choices else []
    return f"`{name}`" + (f" ({', '.join(f'`{text}`' for text in texts)})" if texts else "")


def _index(name: str) -> Iterator[str]:
    """Lead a search for a name here, unless a page is about it."""
    if not (DOCS / f"{name.lower()}.md").exists():
        yield f"<!-- index: {name} -->"


PARTS = {"settings": settings, "commands": commands}


def filled(page: str) -> str:
    """Put the parts of a page into their places."""
    return _PLACE.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n{found[3]}", page)


def main() -> None:
    """Write every page that has a place."""
    for path in DOCS.glob("*.md"):
        path.write_text(filled(path.read_text()))


if __name__ == "__main__":
    main()
