"""How long a run is, and where it can be."""

import os
import sys

import pytest

LONG = float(os.environ.get("LOAD_SECONDS", "1800"))

each_length = pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(60.0, id="minute", marks=pytest.mark.ci),
        pytest.param(LONG, id="long", marks=pytest.mark.soak),
    ],
)
needs_proc = pytest.mark.skipif(
    sys.platform != "linux", reason="the memory of a worker is read from Linux's /proc"
)
