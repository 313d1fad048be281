"""docs/compatibility.md has a row for each issuer that tests/wire runs, and no other."""

import importlib
import pkgutil

import pytest

from ..wire import issuers
from ..wire.issuers.contract import IssuerContract
from ..wire.page import rows_of

for module in pkgutil.iter_modules(issuers.__path__):
    if module.name.startswith("test_"):
        importlib.import_module(f"{issuers.__name__}.{module.name}")


@pytest.mark.parametrize("section", {one.SECTION for one in IssuerContract.__subclasses__()})
def test_the_page_has_the_issuers_that_are_run(section: str) -> None:
    run = {one.NAME for one in IssuerContract.__subclasses__() if section == one.SECTION}
    assert {row[0] for row in rows_of(section)} == run
