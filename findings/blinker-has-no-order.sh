#!/usr/bin/env bash
# Several receivers of one blinker signal (Flask's signals are blinker's), one of which raises.
# Guess: they are called in the order of connecting, so that those connected before the failing one are safe.
# Seen: blinker 1.9.0 keeps their identities (memory addresses) in a set and calls them in its order, which differs
# from time to time; the first error ends the sending, so that which receivers miss the signal differs as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'blinker==1.9.0'
"$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

from blinker import Signal

FAILING = 4


def make(number, called):
    def receiver(sender):
        called.append(number)
        if number == FAILING and sender == "fail":
            raise RuntimeError("mail server is away")

    return receiver


def run():
    signal, called = Signal(), []
    receivers = [make(number, called) for number in range(8)]  # blinker holds its receivers weakly
    for receiver in receivers:
        signal.connect(receiver)
    signal.send("pass")
    order = tuple(called)
    called.clear()
    try:
        signal.send("fail")
    except RuntimeError:
        return order, tuple(called), receivers
    raise AssertionError("the error was held back")


runs = [run() for _ in range(100)]  # the receivers stay alive, so that each has an address of its own
orders = {order for order, _, _ in runs}
reached = {len(called) for _, called, _ in runs}
print("blinker", version("blinker"), "- 8 receivers, sent 100 times")
print("each is called once:", {len(set(order)) for order in orders} == {8})
print("always in the order of connecting:", orders == {tuple(range(8))})
print("number 4 raises; nothing is called after it:", {called[-1] for _, called, _ in runs} == {FAILING})
print("always the same number of receivers is reached:", len(reached) == 1)
assert {len(set(order)) for order in orders} == {8}
assert {called[-1] for _, called, _ in runs} == {FAILING}
assert orders != {tuple(range(8))} and len(reached) > 1
PY
