"""What a run of everything leaves out of the tables, and that nothing else is left out."""

from __future__ import annotations

import pytest

ROWS = """
import pytest

@pytest.mark.table
@pytest.mark.parametrize("row", range(5))
def test_table(row): pass

@pytest.mark.parametrize("row", range(3))
def test_each(row): pass
"""


@pytest.mark.parametrize(
    ("asked", "run"), [([], 2 + 3), (["--whole"], 5 + 3), (["part/test_rows.py"], 5 + 3), (["part"], 5 + 3), (["."], 2 + 3)]
)
def test_every_third_row_of_a_table(asked: list[str], run: int, pytester: pytest.Pytester, request: pytest.FixtureRequest) -> None:
    conftest = request.config.rootpath / "tests" / "conftest.py"
    pytester.makeini("[pytest]\nmarkers =\n    slow:\n    table:\n")
    pytester.makeconftest(conftest.read_text())
    (pytester.mkpydir("part") / "test_rows.py").write_text(ROWS)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *asked)
    result.assert_outcomes(passed=run, deselected=5 + 3 - run)
