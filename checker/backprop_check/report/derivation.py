"""Show a derived backward: every gradient with, for each use of its node, the law that gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from backprop_check.derivation.backward import Written, named_lines, reasons
from backprop_check.report.layout import prose, visible
from backprop_check.trace.graph import Graph


def derivation_lines(graph: Graph, written: Iterable[Written], width: int) -> Iterator[Text]:
    yield Text.assemble((graph.exercise.id, "bold"), f"  {visible(graph.exercise.title)}")
    for target in written:
        yield Text()
        if target.derived is None:
            yield Text(f"{target.name} = ...", style="bold")
            yield from prose(f"{target.why_not}.", width, style="yellow")
            continue
        *helpers, last = named_lines(graph, target)
        yield from (Text(helper.text, style="bold") for helper in helpers)
        yield Text.assemble((last.text, "bold"), (f"   # {target.axes}", "dim"))
        several = len(target.derived.terms) > 1
        for line, why in reasons(graph, target.derived):
            yield from prose(f"`{line.name} = {line.source}`", width, style="cyan")
            yield from prose(why, width, indent=5)
        if several:
            yield from prose(f"{target.name[1:]} is used {len(target.derived.terms)} times: what comes back adds up.", width)
