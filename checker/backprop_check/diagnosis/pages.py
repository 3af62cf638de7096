"""The page of each mistake: its docstring, read without importing it. Nothing here needs torch.

Below what a learner looks up stand the words that are said of the mistake elsewhere, and its traits. Braces in them are filled with the
learner's own names, axes and lines: in a question and a law by `report.hint.fillings`, in what is said of a slip by `by_slip.told`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backprop_check.errors import BadInput, meant, near

MISTAKES = Path(__file__).parent / "mistakes"
HEADINGS = ("Family", "Forward", "Shapes", "Inputs", "Wrong", "Right", "Why", "Read more")
VARIANTS = (
    "Of local factors", "Of the end", "Of a size", "Of factors that meet", "Of places written to",
    "Of brackets", "Of what does not belong", "Of a missing import", "Of lengths written down", "Of what moves nothing", "Of another shape",
    "Of a loop over places", "Of a loop", "Of a product of ones", "Of one way", "Of a term", "Of one use", "Of what has no name",
    "Of a line further on",
    "Of another value", "Of an infinity written down", "Of the function itself", "Of an operand", "Of a use", "Of several lines",
    "Of a reduction of the forward", "Of terms", "Of a factor", "Of a method without brackets", "Of what is before a dot", "Of one tensor",
    "Of equal axes", "Of places that count alike", "Of several axes", "Of places read", "Of one place", "Of what moves numbers",
)  # fmt: skip
"""Other questions in its place, for answers that make the mistake so: the first of them that fits is asked (`report.hint.variants`)."""

WORDS = ("Question", *VARIANTS, "Law", "Law of copies", "Slip", "Note", "Help", "Traits", "Ties")
"""What is asked of it in the second hint; what the third says, or says of `expand`; error, note and help where the answer is the right
formula with this slip in it; how it behaves beside other mistakes; and those of which neither is the more exact name: where the proofs of
both stand for one answer, both are offered."""

TRAITS = {
    "formula right": "nothing is to be asked or said of derivatives",
    "line stays": "no other expression for the gradient puts it right, since what spoils it stands in another line",
    "nameless": "the page can show nothing of the mistake at hand",
    "of a part": "it is told of a part of the line: what is said of it holds whatever else is wrong",
    "of all numbers": "it is known by all numbers of an answer, and may be told of one statement more exactly",
    "other shape": "as a slip in the right formula it may give another shape than the node's",
    "vague": "it would explain away a term that is simply wrong, if a branch may be missing too",
}
_SECTION = re.compile(rf"^({'|'.join((*HEADINGS, *WORDS))}):[ \n]*", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """What a code means: one sentence, and the text of each section by its heading."""

    code: str
    sentence: str
    sections: Mapping[str, str]

    @property
    def family(self) -> str:
        return self.sections.get("Family", "")

    @property
    def traits(self) -> frozenset[str]:
        """Those of `TRAITS` that it has."""
        return frozenset(filter(None, self.said("Traits").split(", ")))

    @property
    def ties(self) -> frozenset[str]:
        return frozenset(filter(None, self.said("Ties").split(", ")))

    def said(self, heading: str) -> str:
        """The words of a section in one line; empty where the page has none."""
        return " ".join(self.sections.get(heading, "").split())


def pages() -> list[Page]:
    """Return all pages, ordered by family and code."""
    read = [_page(path) for path in sorted(MISTAKES.glob("[!_]*.py"))]
    return sorted((page for page in read if page is not None), key=lambda page: (page.family, page.code))


@cache
def page(code: str) -> Page:
    """Return the page of `code`. Raises `BadInput` naming codes near it."""
    path = MISTAKES / f"{code.replace('-', '_')}.py"
    found = _page(path) if re.fullmatch(r"[a-z][a-z_-]*", code) and path.is_file() else None
    if found is not None:
        return found
    instead = meant(near(code.lower().replace("_", "-"), (p.code for p in pages()), 3, 0.5), "`backprop-check explain` lists them.")
    raise BadInput(f"There is no mistake with the code {code!r}: {instead}")


@cache
def _page(path: Path) -> Page | None:
    file = path.read_text(encoding="utf-8")
    text = ast.get_docstring(ast.parse(file[: file.find('"""', 3) + 3])) or ""  # of the docstring alone: to read all of it takes long
    first, _, rest = text.partition("\n")
    code, _, sentence = first.partition(": ")
    parts = _SECTION.split(rest)
    sections = {heading: body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}
    return Page(code, sentence, sections) if sections else None
