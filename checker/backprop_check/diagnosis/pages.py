"""The page of each mistake: its rule's docstring, read without importing the rule. Nothing here needs torch."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backprop_check.errors import BadInput

RULES = Path(__file__).parent / "rules"
_SECTION = re.compile(r"^(Family|Forward|Shapes|Inputs|Wrong|Right|Why|Read more):[ \n]*", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """What a code means: one sentence, and the text of each section by its heading."""

    code: str
    sentence: str
    sections: Mapping[str, str]

    @property
    def family(self) -> str:
        return self.sections.get("Family", "")


def pages() -> list[Page]:
    """Return all pages, ordered by family and code."""
    read = [_page(path) for path in sorted(RULES.glob("[!_]*.py"))]
    return sorted((page for page in read if page is not None), key=lambda page: (page.family, page.code))


def page(code: str) -> Page:
    """Return the page of `code`. Raises `BadInput` naming codes near it."""
    path = RULES / f"{code.replace('-', '_')}.py"
    found = _page(path) if re.fullmatch(r"[a-z][a-z_-]*", code) and path.is_file() else None
    if found is not None:
        return found
    from difflib import get_close_matches  # only for a mistake: it takes a while to load

    near = get_close_matches(code.lower().replace("_", "-"), [p.code for p in pages()], 3, 0.5)
    instead = f"did you mean {' or '.join(near)}?" if near else "`backprop-check explain` lists them."
    raise BadInput(f"There is no mistake with the code {code!r}: {instead}")


def _page(path: Path) -> Page | None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first, _, rest = text.partition("\n")
    code, _, sentence = first.partition(": ")
    parts = _SECTION.split(rest)
    sections = {heading: body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}
    return Page(code, sentence, sections) if sections else None
