"""In which encoding names were written, where nothing says so: by what looks like names once it is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

OF_WINDOWS = ("cp1252", "mac_roman", "cp1251", "gb18030", "cp932")
"""What spreadsheets save in, in Western Europe, on old Macs, in Russian, Chinese and Japanese."""

OF_ZIPS = ("cp437", "cp850", "cp1252", "cp866", "gb18030", "cp932")
"""What programs for Windows write the names in a zip in, in the same order."""

_LETTERS = re.compile(r"[^\W\d_]+")
_MARKS = frozenset("’‘“”„–—…´«»°·€§")
_LONGEST = 2
"""So many letters with accents in a row are still a Latin word."""


def likeliest(raws: Sequence[bytes], encodings: Iterable[str]) -> str:
    """Return the one of `encodings` in which `raws` look most like names; the first of those that are as likely, or where none fits."""
    scores = {encoding: score for encoding in encodings if (score := _strange(raws, encoding)) is not None}
    return min(scores, key=lambda encoding: scores[encoding], default=next(iter(encodings)))


def _strange(raws: Sequence[bytes], encoding: str) -> int | None:
    """Return how many characters are none of a name's in an encoding, None where the bytes are none of that encoding."""
    try:
        text = "\n".join(raw.decode(encoding) for raw in raws)
    except UnicodeError:
        return None
    symbols = sum(not c.isascii() and not c.isalpha() and c not in _MARKS and not unicodedata.combining(c) for c in text)
    return symbols + sum(_strangeness(word) for word in _LETTERS.findall(text) if not word.isascii())


def _strangeness(word: str) -> int:
    foreign = sum(not c.isascii() for c in word)
    scripts = {unicodedata.name(c, "?").split()[0] for c in word}
    if scripts & {"CJK", "HIRAGANA", "KATAKANA"}:
        return foreign if scripts & {"LATIN", "CYRILLIC"} else sum(not _is_common(c) for c in word)
    if len(scripts) > 1 or any(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(word)):
        return foreign
    run = max(map(len, re.findall(r"[^\x00-\x7f]+", word)))
    return foreign if scripts == {"LATIN"} and run > _LONGEST else 0


def _is_common(character: str) -> bool:
    """Say whether a character is one of the few thousand that names are written with: the first level of GB 2312 or of JIS, or a kana."""
    gb = character.encode("gb2312", "ignore")
    jis = character.encode("shift_jis", "ignore")
    return 0xB0A1 <= int.from_bytes(gb) <= 0xD7F9 or 0x829F <= int.from_bytes(jis) <= 0x9872
