"""The words that every message uses, each on a page with one example. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from backprop_check.report.layout import prose


@dataclass(frozen=True)
class Term:
    """`also` are other names of it. Behind `#` in the example stands what the line gives: its numbers or its shape, then words."""

    name: str
    also: tuple[str, ...]
    text: str
    example: str


TERMS = (
    Term(
        "gradient",
        ("da", "dx", "dy", "d"),
        "da is the gradient of a. Raise a[i] a little: da[i] says how much the result grows, for each unit of that. It has the shape of a.",
        """
a = torch.tensor([1.0, 2.0])
s = (a**2).sum()    # 5
da = 2 * a          # 2, 4: raise a[1] by 0.01, and s grows by about 0.04
""",
    ),
    Term(
        "upstream",
        ("upstream gradient", "from above", "arrives", "cotangent"),
        "The gradient of what a line makes: how much the result moves with it. It is found first, from the end, and arrives at the line "
        "from above. The line's own slope times upstream is what goes on to its operands.",
        """
a = torch.tensor([1.0, 2.0])
b = 3 * a           # 3, 6
s = (b**2).sum()    # 45
db = 2 * b          # 6, 12: upstream of the line of b
da = 3 * db         # 18, 36: the slope of that line, 3, times upstream
""",
    ),
    Term(
        "slope",
        ("local derivative", "local", "derivative"),
        "How much the result of one operation moves for each unit of one operand, all else left as it is. Messages call it the local "
        "derivative, too. Along a path slopes are multiplied; where several paths meet, they are added up.",
        """
a = torch.tensor([0.5, 2.0])
b = torch.tensor([4.0, 1.0])
s = (a * b).sum()   # 4
da = b              # 4, 1: the slope of a * b by a is b
db = a              # 0.5, 2: and by b it is a
""",
    ),
    Term(
        "shape",
        ("size", "dimension", "dimensions"),
        "How many numbers there are along each axis: (3,) is a list of three, (2, 3) a table of two rows and three columns, () a single "
        "number. Exercises give lengths names, as in (N, C). A gradient has the shape of its tensor.",
        """
x = torch.ones(2, 3)    # (2, 3)
b = torch.ones(3)       # (3,): x + b adds b to each of the two rows
s = (x + b).sum()       # ()
dx = torch.ones(2, 3)   # (2, 3)
db = dx.sum(0)          # (3,): what came back for both rows, added up
""",
    ),
    Term(
        "axis",
        ("axes", "dim", "keepdim"),
        "One direction of a tensor, counted from 0: in a table (N, C) axis 0 goes down the N rows, and axis 1 along the C numbers of a "
        "row. A sum along an axis leaves one number in the place of all along it; with keepdim=True the axis stays, of length 1.",
        """
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
down = x.sum(0)                    # 5, 7, 9
along = x.sum(1)                   # 6, 15
column = x.sum(1, keepdim=True)    # (2, 1)
""",
    ),
    Term(
        "broadcasting",
        ("broadcast", "stretched", "unbroadcast"),
        "Where two shapes differ, torch stretches both to one: along an axis that is missing, or has length 1, the same number is used "
        "each time. On the way back, what comes from all these uses is added up.",
        """
x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
g = torch.tensor([10.0, 20.0])
y = x * g         # (3, 2): g stands beside each of the three rows
s = y.sum()       # 330
dg = x.sum(0)     # 9, 12: three uses of each number of g, added up
""",
    ),
)


def term_named(word: str) -> Term | None:
    """Return the term that a word means, None for any other word."""
    bare = " ".join(word.lower().replace("-", " ").replace("_", " ").split())
    return next((term for term in TERMS if bare == term.name or bare in term.also), None)


def term_lines(term: Term, width: int) -> Iterator[Text]:
    """Yield the page of a term: what it means, and an example."""
    others = [name for name in term.also if " " in name]
    yield Text(f"{term.name} ({', '.join(others)})" if others else term.name, style="bold")
    yield from prose(term.text, width)
    yield Text()
    for line in term.example.strip().splitlines():
        yield Text(f"   {line}", style="cyan")


def terms_lines(width: int) -> Iterator[Text]:
    """Yield the names of all terms."""
    yield Text()
    yield Text("Words", style="bold")
    yield from prose(", ".join(term.name for term in TERMS), width)
    yield Text()
    yield from prose("`backprop-check explain upstream` says what one means, with an example.", width, 0)
