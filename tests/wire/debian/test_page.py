"""The page has a row for each reader from Debian that is run."""

from ..page import PAGE, rows_of
from .readers import READERS


def test_each_reader_from_debian_has_its_rows() -> None:
    names = [reader.name for reader in READERS]
    assert [row[0] for row in rows_of("What readers refuse")] == names
    read = [row[0] for row in rows_of("Readers") if row[0].endswith(" (Debian)")]
    assert read == [f"{name} (Debian)" for name in names]


def test_the_page_names_debians_readers_that_lack_eddsa() -> None:
    lacking = [
        row[0].removesuffix(" (Debian)").partition(",")[0]
        for row in rows_of("Readers")
        if row[0].endswith(" (Debian)") and "EdDSA" not in row[2]
    ]
    *others, last = lacking
    assert f"Debian's {', '.join(others)} and {last};" in " ".join(PAGE.read_text().split())
