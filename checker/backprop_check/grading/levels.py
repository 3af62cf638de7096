"""Whether the folders at one level are students, or hold them: by what repeats from one to the next, and by the class list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from backprop_check.grading.answered import ExerciseNames
from backprop_check.grading.item import Item
from backprop_check.grading.schemes import ATTACHMENTS, STRONG, Scheme, canvas, sakai
from backprop_check.grading.tree import Node
from backprop_check.grading.words import export, is_collection, is_project, is_same, is_series, is_teachers, is_version, words

_LOOKED = 40
"""So many files of a folder are read to see whether one defines `backward`."""


@dataclass(frozen=True)
class Levels:
    """`defines` says whether a file defines `backward`; `known` whom of the class list a name means, "" for nobody; `perhaps` also whom a
    part of a name means.
    """

    names: ExerciseNames
    defines: Callable[[Item], bool]
    known: Callable[[str], str]
    perhaps: Callable[[str], str]

    def scheme(self, node: Node) -> Scheme | None:
        """Return the platform's way of naming that the entries at a level follow."""
        entries = [*node.folders, *(item.name for item in node.files if item.kind != "metadata")]
        serious = [*node.folders, *(item.name for item in node.files if item.kind in ("file", "zip"))]

        def most(scheme: Scheme) -> bool:
            return any(map(scheme, entries)) and 2 * sum(scheme(name) is not None for name in serious) >= len(serious)

        if (strong := next(filter(most, STRONG), None)) is not None:
            return strong
        if any(ATTACHMENTS in name for name in entries) or any(ATTACHMENTS in child.folders for child in node.folders.values()):
            return sakai
        return canvas if most(canvas) else None

    def holding(self, node: Node, above: str) -> dict[str, str]:
        """Return the names of those folders that are no student's, but hold students, each with the section it is, if it is one."""
        folders = node.folders
        exported = {name for name, child in folders.items() if self._is_export(child, len(folders) == 1)}
        if exported and 2 * len(exported) >= sum(child.holds_work() for child in folders.values()):
            like = exported | {name for name, child in folders.items() if self.scheme(child) is not None or self.is_class(child)}
            return {name: "" for name in folders if name in like}
        if (told := self._by_class_list(folders)) is not None:
            return {name: folders[name].stem for name in told}
        names = [child.stem for child in folders.values()]
        if names and (all(map(self._is_exercise, names)) or (len(names) > 1 and is_series(names))):
            return dict.fromkeys(folders, "")
        tools = [name for name, child in folders.items() if is_project(child.stem)]
        if 0 < len(tools) < len(folders) and all(self.is_class(child) for name, child in folders.items() if name not in tools):
            return {name: "" for name in folders if name not in tools}
        if len(folders) == 1:
            ((name, child),) = folders.items()
            alone = not any(item.kind == "file" for item in node.files)
            inner = bool(child.folders) or any(item.kind != "metadata" for item in child.files)
            named = alone and inner and (is_same(child.stem, above) or export(child.stem) is not None)
            return {name: ""} if named or self.is_class(child) else {}
        if self._are_sections([child for child in folders.values() if child.holds_work()]):
            return {name: child.stem for name, child in folders.items()}
        return {name: "" for name, child in folders.items() if is_collection(child.stem) and self.is_class(child)}

    def _is_export(self, node: Node, alone: bool) -> bool:
        """Say whether a platform named what is in a folder, or in the only folder in it. Canvas's names may be a student's own."""
        if len(node.folders) == 1 and not any(item.kind == "file" for item in node.files) and self.scheme(node) is None:
            return self._is_export(next(iter(node.folders.values())), alone)
        scheme = self.scheme(node)
        several = alone or export(node.stem) is not None or len(node.folders) + len(node.files) > 1
        return scheme is not None and (scheme is not canvas or several)

    def is_class(self, node: Node) -> bool:
        """Say whether a folder holds several students."""
        folders = [child for child in node.folders.values() if child.holds_work()]
        files = [item for item in node.files if item.kind == "file"]
        if folders and any(item.kind == "metadata" for item in node.files):
            return True
        if len(folders) > 1:
            if self._are_parts(folders):  # the parts of a course, or of one student's work
                return self._is_course(folders) and all(map(self.is_class, folders))
            return not files or sum(map(self.answers, folders)) >= max(2, len(folders) / 2)
        if folders and not any(self._is_own(item) for item in files):
            return self.is_class(folders[0]) or self.scheme(folders[0]) is not None
        return not folders and self.are_individuals(files)

    def are_individuals(self, files: Sequence[Item]) -> bool:
        """Say whether files in one folder are each another student's: each a whole answer, under names that tell no version."""
        left = {item: self.names.without(item.stem) for item in files}
        if len(files) > 1 and len({*left.values()}) == len(files) and all(left.values()) and all(self.names.told(i.stem) for i in files):
            return True
        people = [item for item in files if not is_teachers(left[item])]
        if len(people) < 2 or 2 * len(people) <= len(files):
            return False
        found = [words(left[item]) for item in people]
        common = set(found[0]).intersection(*found[1:])
        own = [tuple(word for word in each if word not in common) for each in found]
        return len({*own}) == len(own) and not any(map(is_version, own)) and all(map(self.defines, people))

    def _by_class_list(self, folders: dict[str, Node]) -> set[str] | None:
        """Return what the class list says, None where it says nothing."""
        here = {name for name, child in folders.items() if self.known(child.stem)}
        groups = {name for name in here if self._holds_individuals(folders[name])}
        here -= groups
        below = {name: self._members(child) for name, child in folders.items() if name not in here}
        holding = groups | {name for name, members in below.items() if len(members) > 1}
        if not here and (holding or len(folders) == 1 or len(set().union(*below.values())) > 1):
            holding = groups | {name for name, members in below.items() if members}
        if not here and not holding:
            return None
        if not here:  # a section of which the list knows nobody
            holding |= {name for name in below if self.is_class(folders[name])}
        return holding

    def _holds_individuals(self, node: Node) -> bool:
        """Say whether a folder called like a group of the class list holds its members, each with work of their own."""
        group = self.known(node.stem)
        entries = [child.stem for child in node.folders.values() if child.holds_work()]
        entries += [item.stem for item in node.files if item.kind in ("file", "zip")]
        found = {self.perhaps(entry) for entry in entries}
        members = {each for each in found if each and each != group and each in group}
        return len(members) > 1 or (bool(members) and "" not in found)

    def _members(self, node: Node, deep: int = 4) -> set[str]:
        """Return whom of the class list the entries below a folder mean, at the first level that means anybody."""
        scheme = self.scheme(node)
        names = [*(child.stem for child in node.folders.values()), *(item.stem for item in node.files if item.kind != "metadata")]
        if scheme is not None:
            named = [each for name in (*node.folders, *(item.name for item in node.files)) if (each := scheme(name))]
            names = [next((key for key in each.person.keys if self.known(key)), "") for each in named]
        members = {label for name in names if (label := self.known(name))}
        if members or not deep:
            return members
        return set().union(*(self._members(child, deep - 1) for child in node.folders.values()))

    def _are_sections(self, nodes: Sequence[Node]) -> bool:
        """Say whether folders are sections of a class: what they hold is different people, not the same files in each."""
        files = {node.name: [item for item in node.files if item.kind == "file"] for node in nodes}
        folders = {node.name: [child for child in node.folders.values() if child.holds_work()] for node in nodes}
        held = {name: folders[name] or files[name] for name in files}
        several = [each for each in held.values() if len(each) > 1]
        enough = len(several) > 0 if all(folders.values()) else 2 * len(several) > len(nodes)
        names = Counter(each.stem.casefold() for entries in held.values() for each in entries)
        alike = sum(n for n in names.values() if n > 1)  # two people may have one name
        if len(nodes) < 2 or not enough or 3 * alike > names.total():
            return False
        inner = [child for each in folders.values() for child in each]
        loose = [item for name, each in files.items() if folders[name] for item in each]
        if len(loose) > len(nodes) or any(map(self._is_own, loose)) or self._are_parts(inner):
            return False
        flat = [each for name, each in files.items() if not folders[name] and len(each) > 1]
        return all(map(self.are_individuals, flat)) and 3 * sum(map(self.answers, inner)) >= 2 * len(inner)

    def _are_parts(self, folders: Sequence[Node]) -> bool:
        """Say whether folders are the parts of one student's work."""
        names = [folder.stem.casefold() for folder in folders]
        own = any(is_project(name) or self._is_exercise(name) or is_version(words(name)) for name in names)
        return own or is_series(names)

    def _is_course(self, folders: Sequence[Node]) -> bool:
        names = [folder.stem for folder in folders]
        return is_series(names) or all(map(self._is_exercise, names))

    def _is_own(self, item: Item) -> bool:
        """Say whether a file beside folders is an answer of the one whose folders they are: called like the exercise, or like a version."""
        left = self.names.without(item.stem)
        return not is_teachers(left) and (not left or is_version(words(left))) and self.defines(item)

    def _is_exercise(self, name: str) -> bool:
        return bool(self.names.told(name)) and not self.names.without(name)

    def answers(self, node: Node) -> bool:
        return any(self.defines(item) for item in islice((i for i in node.items() if i.kind == "file"), _LOOKED))
