"""Whether every link of built pages leads somewhere, to its place within the page too, and whether they fetch anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "link": "href"}


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.ids |= {told[name] for name in ("id", "name") if name in told}
        if tag == "a" and "href" in told:
            self.links.add(told["href"])
        if tag in FETCHED and FETCHED[tag] in told and told.get("rel") != "canonical":
            self.fetched.add(told[FETCHED[tag]])


def wrong_links(folder: Path) -> Iterator[str]:
    """Yield a line for each link that leads nowhere, and for each thing that a page would fetch from elsewhere."""

    @cache
    def page(path: Path) -> _Page:
        return _Page(path.read_text(encoding="utf-8"))

    for path in sorted(folder.rglob("*.html")):
        here = path.relative_to(folder)
        for address in sorted(page(path).links | page(path).fetched):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page(path).fetched and parts.scheme != "data":
                    yield f"{here} fetches {address}"
                continue
            to = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not to.is_file():
                yield f"{here} leads to {address}, which is not there"
            elif parts.fragment and to.suffix == ".html" and unquote(parts.fragment) not in page(to).ids:
                yield f"{here} leads to {address}: that page has no such place"
    for path in sorted(folder.rglob("*.css")):
        if "url(http" in path.read_text(encoding="utf-8").replace("'", "").replace('"', "") or "@import" in path.read_text(
            encoding="utf-8"
        ):
            yield f"{path.relative_to(folder)} fetches from elsewhere"
