#!/usr/bin/env bash
# Moving the clock in a test of token lifetimes where the code under test keeps a clock function: as a default
# argument, as a class attribute, in a table.
# Guess: freezegun and time-machine move the same clocks.
# Seen: freezegun 1.5.5 replaces names in modules: the kept functions stay real, and time.monotonic jumps to the frozen
# date too (a running deadline has passed). time-machine 3.6.0 moves the kept ones as well, but not time.monotonic.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'freezegun==1.5.5' 'time-machine==3.6.0'
"$work/venv/bin/python" -W ignore - <<'PY'
import datetime as dt
import sys
import types
from importlib.metadata import version

import freezegun
import time_machine

CODE = """
import time
from time import time as by_name

TABLE = {"clock": time.time}

class Holder:
    clock = staticmethod(time.time)

def by_default(clock=time.time):
    return clock()

CLOCKS = {
    "time.time": lambda: time.time(),
    "imported name": lambda: by_name(),
    "default argument": by_default,
    "class attribute": lambda: Holder.clock(),
    "table": lambda: TABLE["clock"](),
    "time.monotonic": lambda: time.monotonic(),
}
"""
code = types.ModuleType("code_under_test")
sys.modules["code_under_test"] = code
exec(CODE, code.__dict__)

moment = dt.datetime(2001, 2, 3, tzinfo=dt.timezone.utc)
seconds = int(moment.timestamp())


def moved():
    return [name for name, clock in code.CLOCKS.items() if int(clock()) == seconds]


assert moved() == []
with freezegun.freeze_time(moment):
    by_freezegun = moved()
with time_machine.travel(moment, tick=False):
    by_time_machine = moved()
print("freezegun", version("freezegun"), "moves", by_freezegun)
print("time-machine", version("time-machine"), "moves", by_time_machine)
assert by_freezegun == ["time.time", "imported name", "time.monotonic"]
assert by_time_machine == ["time.time", "imported name", "default argument", "class attribute", "table"]
PY
