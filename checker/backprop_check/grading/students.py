"""Whose a file is, by where it lies: what repeats from entry to entry are the students."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from backprop_check.classroom.naming import name_words, telling
from backprop_check.grading.answered import ExerciseNames
from backprop_check.grading.copies import copies
from backprop_check.grading.item import Item
from backprop_check.grading.levels import Levels
from backprop_check.grading.schemes import Named, Person, Scheme, brightspace, canvas, platforms, sakai
from backprop_check.grading.tree import Node
from backprop_check.grading.words import ONLY, export, is_handed_in, is_project, is_returned, is_teachers, without_copy, words

Metadata = Callable[[Item], dict[str, list[dict[str, str]]]]
Read = Callable[[Item], bytes]

BESIDE = "lies beside the students' work"
NO_ANSWER = "lies beside the students' folders and has no `backward`"
NO_WORK = "is not called as the others are and holds no .py or .ipynb file"
OTHER_KIND = "is neither .py nor .ipynb"
AGAIN = "was handed in again later"
OWN_FOLDER = "holds no submissions: they are in `{}`"
RETURNED = "is what the student was given back"
TWICE = "holds the same as `{}`"
_PLATFORM = {"timestamp.txt", "comments.txt", "feedbacktext.html", "feedbacktext.txt"}
_DOCUMENTS = frozenset("pdf doc docx odt rtf pages html htm md png jpg jpeg heic eml msg pptx gdoc url txt".split())  # noqa: SIM905 (read as words)
_LISTS: dict[Scheme, set[str]] = {sakai: {"grades.csv", "grades.xls", "grades.xlsx"}, brightspace: {"index.html"}}


@dataclass(frozen=True)
class Group:
    """What one student, or one group of them, handed in. Its own names begin at `depth`; `folder` is theirs alone, if they have one.

    `sure` says that a platform named the student; `typed` is what was typed in there.
    """

    people: tuple[Person, ...]
    depth: int
    items: tuple[Item, ...]
    folder: Item | None = None
    sure: bool = False
    typed: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Aside:
    """Something that is nobody's submission, and why."""

    item: Item
    why: str


@dataclass(frozen=True)
class Students:
    """Reads a tree of what was downloaded. `groups` and `aside` grow as it is read."""

    levels: Levels
    names: ExerciseNames
    metadata: Metadata
    read: Read
    groups: list[Group]
    aside: list[Aside]

    def part(self, node: Node, above: str, section: str = "") -> None:
        """Part what lies in a folder of several students by student. `above` is what the folder is called, `section` the section it is."""
        for copy, of in copies(node, self.read):
            self.aside.append(Aside(node.folders.pop(copy.name).item, TWICE.format("/".join(of.item.parts))))
        self._drop_others(node)
        self._drop_returned([node])
        before = len(self.groups)
        scheme = self.levels.scheme(node)
        if scheme is not None:
            self._loose(self._exported(node, scheme), len(self.groups) - before, section)
            return
        told: dict[str, list[dict[str, str]]] = {}
        for item in node.files:
            told |= self.metadata(item) if item.kind == "metadata" else {}
        holding = self.levels.holding(node, above) if not told.keys() & node.folders.keys() else {}
        for name, inner in holding.items():
            self.part(node.folders[name], node.folders[name].stem, inner or section)
        others = [child for name, child in node.folders.items() if name not in holding]
        tools = [child for child in others if holding and is_project(child.stem) and not self.levels.answers(child)]
        if len(others) > 2:
            tools += [child for child in others if is_teachers(child.stem) and not self.levels.perhaps(child.stem) and child not in tools]
        self.aside.extend(Aside(child.item, BESIDE) for child in tools)
        students = [child for child in others if child not in tools]
        prefix = _assignment([child.stem for child in students], above)
        for child in students:
            people = tuple(_submitter(fields, child.name) for fields in told.get(child.name, ()))
            person = self._by_folder(child.stem, prefix, section)
            self.groups.append(Group(people or (person,), child.depth, tuple(child.items()), child.item, sure=bool(people)))
        self._loose(node.files, len(self.groups) - before, section)

    def _exported(self, node: Node, scheme: Scheme) -> list[Item]:
        """Part what a platform named; return the other files."""
        held: dict[Person, list[tuple[Item, Named, list[Item]]]] = {}
        for child in node.folders.values():
            below = [child.item, *child.items()]
            if named := scheme(child.name):
                held.setdefault(named.person, []).append((child.item, named, below))
            elif child.holds_work():
                self.groups.append(Group((self._by_folder(child.stem, ""),), child.depth, tuple(below), child.item))
            else:
                self.aside.append(Aside(child.item, NO_WORK))
        loose = []
        for item in node.files:
            if named := scheme(item.name):
                held.setdefault(named.person, []).append((item, named, [item]))
            elif item.name.lower() not in _LISTS.get(scheme, ()):
                loose.append(item)
        for person, entries in held.items():
            kept = self._latest(entries) if scheme is canvas else entries
            folder = next((item for item, _, _ in kept if item.kind == "folder"), None)
            typed = tuple(item for _, named, below in kept if named.typed for item in below)
            items = tuple(item for _, _, below in kept for item in below)
            self.groups.append(Group((person,), node.depth, items, folder, True, typed))
        return loose

    def _loose(self, files: Sequence[Item], folders: int, section: str) -> None:
        """Part files that lie beside so many students' folders: whose they are, or that they are nobody's."""
        work = [item for item in files if item.kind not in ("metadata", "other")]
        others = folders + sum(not self._is_teachers(item, 2) for item in work)
        stems = Counter(without_copy(item.stem) for item in work)
        listed = any(self.levels.perhaps(item.stem) for item in work)  # then the class list knows whose a document is
        documents = self._documents(files, work) if not folders and not listed else set()
        for item in files:
            if is_platforms(item):
                continue
            if not self.levels.perhaps(item.stem):
                if item.kind == "other" and item not in documents:
                    self.aside.append(Aside(item, OTHER_KIND))
                    continue
                if item.kind == "file" and stems[without_copy(item.stem)] < 2 and self._is_teachers(item, others):
                    self.aside.append(Aside(item, BESIDE))
                    continue
                if item.kind == "file" and folders > 1 and 2 * len(work) <= folders and not self.levels.defines(item):
                    self.aside.append(Aside(item, NO_ANSWER))
                    continue
            self.groups.append(Group((self._by_file(item, section),), len(item.parts) - 1, (item,)))

    def _drop_others(self, node: Node) -> None:
        """Leave out the folders that a course has beside the one with what was handed in."""
        by_name = {name.casefold(): name for name in node.folders}
        for only, others in ONLY.items():
            if only in by_name and others & by_name.keys():
                for name in [name for low, name in by_name.items() if low != only]:
                    self.aside.append(Aside(node.folders.pop(name).item, OWN_FOLDER.format(by_name[only])))

    def _drop_returned(self, beside: list[Node]) -> None:
        """Leave out the folders in which a student got something from the teacher, of these and what lies in them."""
        names = [name for node in beside for name in node.folders]
        mine = next(filter(is_handed_in, names), None)
        for node in beside:
            work = {name for name, child in node.folders.items() if child.holds_work()} | {i.name for i in node.files if i.kind == "file"}
            for name in [name for name in node.folders if is_returned(name, mine is not None, len(work) > (name in work))]:
                returned = node.folders.pop(name)
                if any(item.kind != "folder" for item in returned.items()):
                    self.aside.append(Aside(returned.item, OWN_FOLDER.format(mine) if mine else RETURNED))
        for node in beside:
            if node.folders:
                self._drop_returned(list(node.folders.values()))

    def _latest(self, entries: Sequence[tuple[Item, Named, list[Item]]]) -> list[tuple[Item, Named, list[Item]]]:
        """Leave out what a student handed in again: Canvas puts -1, -2 behind the name of the file."""
        latest: dict[tuple[str, str], tuple[int, tuple[Item, Named, list[Item]]]] = {}
        for entry in entries:
            own = Item((entry[1].own or entry[0].name,), "file")
            copy = re.fullmatch(r"(.+)-(\d{1,2})", own.stem, re.DOTALL)
            if copy and self.names.told(copy[1]) != self.names.told(own.stem):  # ex-1.py, ex-2.py are two exercises
                copy = None
            base, number = (copy[1], int(copy[2])) if copy else (own.stem, 0)
            key = base, own.suffix
            before = latest.get(key)
            latest[key] = max(before, (number, entry), key=lambda pair: pair[0]) if before else (number, entry)
        kept = [entry for _, entry in latest.values()]
        again = [item for entry in entries if entry not in kept for item in entry[2] if item.kind not in ("zip", "folder")]
        self.aside.extend(Aside(item, AGAIN) for item in again)
        return kept

    def _documents(self, files: Sequence[Item], work: Sequence[Item]) -> set[Item]:
        """Return the documents called as the work of others is, with another name in it: `Ada - ex05.pdf` beside `Jo - ex05.py`."""
        asked = [item for item in files if item.kind == "other" and item.name.rpartition(".")[2].lower() in _DOCUMENTS]
        own = {item: self.names.without(item.stem) for item in (*work, *asked) if asked and self.names.told(item.stem)}
        ways = Counter(item.stem.replace(own[item], "", 1) for item in work if own.get(item))
        said = {word for item in work for word in words(own.get(item, ""))}
        named = [
            item
            for item in asked
            if telling(name_words(own.get(item, ""))) and not is_teachers(own[item]) and said.isdisjoint(words(own[item]))
        ]
        return {item for item in named if ways[item.stem.replace(own[item], "", 1)] > 1}

    def _is_teachers(self, item: Item, others: int) -> bool:
        """Say whether a file beside those of so many others is called as teachers call theirs, or just like the exercise."""
        left = self.names.without(item.stem)
        return others > 0 and is_teachers(left) if left else others > 1 and len(self.names.told(item.stem)) == 1

    def _by_folder(self, name: str, prefix: str, section: str = "") -> Person:
        if named := platforms(name):
            return named.person
        own = name.removeprefix(prefix) or name
        bare = self.names.without(own) or own
        bracketed = sakai(own)
        return Person(bare, tuple(dict.fromkeys((*(bracketed.person.keys if bracketed else ()), bare, own, name))), section)

    def _by_file(self, item: Item, section: str) -> Person:
        if named := platforms(item.name):
            return named.person
        stem = without_copy(item.stem)
        if not self.names.without(stem) or self.names.without(stem) == stem:  # a number behind the exercise is the file's, else a name's
            stem = item.stem
        bare = self.names.without(stem) or stem or item.name
        return Person(bare, tuple(dict.fromkeys((bare, item.stem))), f"{section} {item.stem.removeprefix(stem).strip(' -_()')}".strip())


def _submitter(fields: dict[str, str], folder: str) -> Person:
    keys = tuple(fields[key] for key in ("sid", "email", "name") if key in fields)
    return Person(fields.get("name") or keys[0], keys, fields.get("sid") or fields.get("email") or folder)


def _assignment(folders: Sequence[str], above: str) -> str:
    """Return what the names of GitHub Classroom's repositories begin with, as `hw1-`: "" where these are no such repositories.

    Two folders may share a first name (ada-smith, ada-jones); three or more, or a number in what is shared, are an assignment.
    """
    exported = export(above)
    if exported and any(name.startswith(f"{exported}-") for name in folders):
        return f"{exported}-"
    shared_words = takewhile(lambda word: len({*word}) == 1, zip(*(name.split("-")[:-1] for name in folders), strict=False))
    shared = "".join(f"{word[0]}-" for word in shared_words)
    if all(name.removeprefix(shared).isdigit() for name in folders):  # group-1, group-2
        return ""
    named = any(map(str.isalpha, shared))  # else it is a date
    return shared if named and (len(folders) > 2 or (len(folders) > 1 and any(map(str.isdigit, shared)))) else ""


def is_platforms(item: Item) -> bool:
    """Say whether a platform put a file there itself, as a note about a submission."""
    return item.kind == "metadata" or item.name.lower() in _PLATFORM
