"""Screen: a story in the terminal, three lines a step, and a table of its chapters."""

import os
import shutil
import sys

from .exchange import Exchange

_COLOURS = {"good": "92;1", "refused": "93;1", "wrong": "91;1", "faint": "2", "bold": "1"}
_INDENT = "    "


class Screen:
    """Prints the steps, and counts the answers that are wrong."""

    def __init__(self, *, is_quiet: bool = False, is_stepping: bool = False) -> None:
        """Take how much to print.

        Args:
            is_quiet: Print what is wrong, and the table.
            is_stepping: Wait for Enter after each step.
        """
        self._is_quiet = is_quiet
        self._is_stepping = is_stepping
        self._chapters: dict[str, list[bool]] = {}

    def begin(self, chapter: str) -> None:
        """Begin a part of the story."""
        self._chapters[chapter] = []
        if not self._is_quiet:
            print(f"\n{_painted(chapter, 'bold')}")

    def show(self, step: Exchange) -> None:
        """Print a step."""
        self._count(is_right=not step.faults)
        if not self._is_quiet or step.faults:
            self._print(step)
        if self._is_stepping:
            input(_painted(f"{_INDENT}Enter goes on, Ctrl-C ends it ", "faint"))

    def break_off(self, fault: str) -> None:
        """Stop where the story cannot go on."""
        self._count(is_right=False)
        print(_INDENT + _painted(f"✗ wrong: the story cannot go on: {fault}", "wrong"))

    def end(self) -> bool:
        """Print the table; return whether every answer was right."""
        widest = max(map(len, self._chapters))
        title = f"{'Chapter':{widest}}  answers  right"
        print(f"\n{_painted(title, 'bold')}")
        for chapter, verdicts in self._chapters.items():
            mark = "✓" if all(verdicts) else "✗"
            row = f"{chapter:{widest}}  {len(verdicts):7}  {sum(verdicts):5}  {mark}"
            print(_painted(row, "good" if all(verdicts) else "wrong"))
        verdicts = [verdict for chapter in self._chapters.values() for verdict in chapter]
        wrong = verdicts.count(False)
        verdict = f"{wrong} wrong" if wrong else "every one right"
        print(_painted(f"\n{len(verdicts)} answers, {verdict}.", "wrong" if wrong else "good"))
        return not wrong

    def _count(self, *, is_right: bool) -> None:
        if not self._chapters:
            self._chapters["The start"] = []
        list(self._chapters.values())[-1].append(is_right)

    def _print(self, step: Exchange) -> None:
        number = sum(map(len, self._chapters.values()))
        print(f"{number:3} {step.sentence}")
        print(_INDENT + _painted(_cut("  ".join([">", *step.request.lines()])), "faint"))
        colour = "wrong" if step.faults else "good" if step.answer.code < 400 else "refused"
        mark = f"✗ wrong: {'; '.join(step.faults)}" if step.faults else "✓"
        print(_INDENT + _painted(_cut(f"{mark}  {step.answer.line()}"), colour))


def _cut(line: str) -> str:
    """Cut a line to the terminal's width; what is no terminal gets it whole."""
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size().columns - len(_INDENT)
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _painted(text: str, colour: str) -> str:
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"
