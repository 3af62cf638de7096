"""The words of people's names, in the forms in which two spellings of one name are compared, and what else people write beside them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_APOSTROPHES = re.compile(r"['\u2019\u02bc\u2018`\u00b4](?=\w)")
_DATE = re.compile(r"(?<!\d)(?:\d{4}([-_.])\d\d?\1\d\d?|\d\d?([-_.])\d\d?\2\d{4})(?!\d)")
_LATIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_NUMBERED, _SMALL = re.compile(r"\d{1,3}"), re.compile(r"\d{1,3}$")
_UMLAUT = re.compile("([aou])e|a(a)")

_KEPT = 50_000

_TEXT = """
    abgabe aktuell answer answers antwort assignment attempt aufgabe aufgabenblatt aw backprop backward bearbeitet blatt by code
    colab copy corrected de del devoir draft ejercicio endgültig endversion entrega ex exercice exercise fertig final finale
    finished fix fixed for fra from fw fwd gradient hausaufgabe hausübung hi homework hw kopie lab last latest loesung lösung mail
    main master mein meine model my neu new notebook of old part problem ps pset question re rendu resubmission resubmitted revised sheet
    solution source src submission submitted tarea task td test the tp uebung untitled updated v version vom von week wg work
    zettel übung übungsblatt домашка задание от решение 作业 提交 答案
"""
BESIDE_NAMES = frozenset(_TEXT.split())
"""What people write into the names of files beside their own: found alone, it names nobody."""


@lru_cache(_KEPT)
def as_written(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()


@lru_cache(_KEPT)
def without_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", as_written(word)) if not unicodedata.combining(c))


@lru_cache(_KEPT)
def in_ascii(word: str) -> str:
    """Return a word as it is spelt where there are no umlauts: Müller, Mueller and Muller are one, and so are Åse, Aase and Ase."""
    return _UMLAUT.sub(r"\1\2", without_accents(word).translate(_LATIN))


FORMS: tuple[Callable[[str], str], ...] = (as_written, without_accents, in_ascii)
"""The strictest first."""


def name_words(name: str) -> list[str]:
    """Return the words of a name as they are written; O'Neil is one."""
    return [as_written(word) for word in _WORD.findall(_APOSTROPHES.sub("", unicodedata.normalize("NFC", name)))]


def apart(words: list[str]) -> list[str]:
    """Return words with letters and numbers apart: s700101 is 700101 too."""
    return [part for word in words for part in _PARTS.findall(word)]


def without_dates(name: str) -> str:
    return _DATE.sub(" ", name)


def telling(words: list[str]) -> frozenset[str]:
    """Return those of some words that may be a name or an id: not what stands in front of everybody's, and no small number."""
    return frozenset(word for word in words if not _NUMBERED.fullmatch(word) and _SMALL.sub("", word) not in BESIDE_NAMES)
