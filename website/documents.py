"""The documents of the repository, as they are, with the files that they point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from website.text import ORPHAN, block

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = {
    ".yml": "yaml",
    ".json": "json",
    ".html": "html",
    ".js": "javascript",
    ".py": "python",
    ".toml": "toml",
    ".el": "elisp",
    ".lua": "lua",
    ".sh": "sh",
}


def documents() -> list[Path]:
    return [*sorted((ROOT / "docs").glob("*.md")), ROOT / "editors" / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


def pages() -> Iterator[tuple[str, str]]:
    """Yield each document, and a page for each folder or file beside them that one links to, which shows its text."""
    for path in documents():
        text, near = path.read_text(encoding="utf-8"), path.parent
        for link in dict.fromkeys(re.findall(r"\]\(([\w./-]+)\)", text)):
            if (near / link).suffix != ".md":
                page = f"{link.rstrip('/')}.md"
                text = text.replace(f"]({link})", f"]({page})")
                yield str((near / page).relative_to(ROOT)), "\n".join(_listing(near / link, link.rstrip("/")))
        yield str(path.relative_to(ROOT)), text


def _listing(path: Path, name: str) -> Iterator[str]:
    yield f"{ORPHAN}# {name}\n"
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        if path.is_dir():
            yield f"## {file.relative_to(path)}\n"
        yield block(file.read_text(encoding="utf-8"), LANGUAGES.get(file.suffix, "text"))
