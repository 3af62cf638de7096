"""What the mutation matrix looks like: values in, lines and tables out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from backprop_check.report.layout import INDENT, prose, visible

if TYPE_CHECKING:
    from backprop_check.authoring.matrix import Mutations, Tally, Told
    from backprop_check.authoring.shown import Sorted, Wrong

COLUMNS = ("mutants", "caught", "named", "misnamed", "mended", "hidden", "right")

LEGEND = """\
mutants: wrong answers the exercise shows, one slip each · caught: judged wrong · named: a cause is claimed, and it is a fair name of \
the slip · misnamed: a cause is claimed, and it is not · mended: the fix is right on other trials · hidden: slips that are right only \
for what arrives from above in this graph · right: right after all"""


def table(what: str, rows: Sequence[Tally], every: Tally) -> Table:
    """The counts, a line for each row, then the sum of all."""
    found = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_footer=True, footer_style="bold")
    found.add_column(what, every.name)
    for column in COLUMNS:
        found.add_column(column, _cell(every, column), justify="right")
    for row in rows:
        found.add_row(visible(row.name), *(_cell(row, column) for column in COLUMNS))
    return found


def markdown(rows: Sequence[Tally]) -> str:
    """The counts as a table of Markdown, as the documentation shows them."""
    lines = [("exercise", *COLUMNS), ("---",) * (len(COLUMNS) + 1)]
    lines += [(row.name, *(str(getattr(row, column)) for column in COLUMNS)) for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def details(mutations: Mutations, told: Sequence[Told], width: int) -> Iterator[Text]:
    """What an author wants to read line by line: what passes, what is misnamed or not named, what is hidden, and which codes tie."""
    yield from _listed("Not caught:", [_fair(one) for one in told if not one.caught], width, "bold red")
    yield from _listed("Misnamed:", [_said(one) for one in told if one.misnamed], width, "red")
    yield from _listed("Caught, not named:", [_fair(one) for one in told if one.caught and not one.claimed], width, "yellow")
    yield from _listed("Codes that tie, since their slips give one answer:", [_tie(one.wrong) for one in told if one.wrong.tied], width)
    yield from _listed("Hidden by what arrives from above:", [_hidden(target) for target in mutations.targets if target.hidden], width)


def legend(width: int) -> Iterator[Text]:
    """What the columns mean."""
    yield from prose(LEGEND, width, indent=0, style="dim")


def _listed(heading: str, items: Sequence[Sequence[tuple[str, str]]], width: int, style: str = "") -> Iterator[Text]:
    """Each item is some lines of code, with what there is to say of each below it."""
    if items:
        yield Text(heading, style=style)
        for item in items:
            for code, said in item:
                yield from prose(code, width)
                yield from prose(said, width, indent=2 * INDENT, style="dim")
        yield Text()


def _said(one: Told) -> list[tuple[str, str]]:
    return [(_line(one.wrong.code), f"said {' or '.join(one.claimed)}; fair: {_names(one.wrong.fair)}")]


def _fair(one: Told) -> list[tuple[str, str]]:
    return [(_line(one.wrong.code), f"fair: {_names(one.wrong.fair)}")]


def _tie(wrong: Wrong) -> list[tuple[str, str]]:
    first = {fair: next(mutant for mutant in wrong.mutants if mutant.fair == fair) for fair in wrong.tied}
    return [(f"{'or ' if i else ''}{_line(mutant.code)}", _names(fair)) for i, (fair, mutant) in enumerate(first.items())]


def _hidden(target: Sorted) -> list[tuple[str, str]]:
    return [(target.target, _names(list(dict.fromkeys(mutant.fair[0] for mutant in target.hidden if mutant.fair))))]


def _line(code: str) -> str:
    return code.replace("\n", "; ")


def _names(codes: Sequence[str]) -> str:
    return ", ".join(codes) or "no code of the catalogue"


def _cell(row: Tally, column: str) -> str:
    return str(getattr(row, column))
