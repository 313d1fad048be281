"""docs/compatibility.md has a row for each issuer that tests/wire runs, and no other."""

import importlib
import pkgutil

import pytest

from ..wire import issuers
from ..wire.issuers.contract import IssuerContract
from ..wire.issuers.documented import DocumentedContract
from ..wire.page import rows_of

for module in pkgutil.iter_modules(issuers.__path__):
    if module.name.startswith("test_"):
        importlib.import_module(f"{issuers.__name__}.{module.name}")


RUN = [*IssuerContract.__subclasses__(), *DocumentedContract.__subclasses__()]


@pytest.mark.parametrize("section", sorted({one.SECTION for one in RUN}))
def test_the_page_has_the_issuers_that_are_run(section: str) -> None:
    named = [one for one in RUN if one is not DocumentedContract and section == one.SECTION]
    assert {row[0] for row in rows_of(section)} == {one.NAME for one in named}
