"""Find which statements of a text Python refuses, block by block, and blank them."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from keyword import iskeyword

from backprop_check.exercise.conflict import Conflict, conflicts
from backprop_check.exercise.fault import Fault, fault, indentation, prompt
from backprop_check.exercise.logical import CLAUSES, Logical, logical_lines, margin_of
from backprop_check.exercise.mend import parse
from backprop_check.exercise.written import assigned
from backprop_check.records import Broken

_BACKWARD = re.compile(r"\s*def\s+backward\b")
_CUSTOM = re.compile(r"class\s+(\w+)\W.*\bFunction\b")
"""The head of a `torch.autograd.Function`."""

_METHOD = re.compile(r"\s+def\s+(?:forward|setup_context)\b")
_NAME, _COMMENT = re.compile(r"\b[^\W\d]\w*"), re.compile(r"#.*")
_ENTERED = frozenset(["if", "for", "while", "with", "try"])
_EXPLAINED = 500
"""Of how many statements it is said in other words than Python's why they are refused."""
_ATTEMPTS, _LINES = 8, 20_000
"""How often a text whose statements are fine one by one is tried again without the one that Python complains of: more often if all of these
tries read no more than so many lines."""


@dataclass(frozen=True)
class _Clause:
    """A statement, or one clause of it: `head` and the logical lines of its block."""

    head: Logical
    body: Sequence[Logical]


def recovered(text: str) -> tuple[ast.Module, str, tuple[Broken, ...]]:
    """Return the tree of `text` with `pass` for each statement that Python refuses, that text (same line numbers), and what these are."""
    mending = _Mending(text.split("\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = mending.module()
    return tree, "\n".join(mending.lines), tuple(sorted(mending.broken, key=lambda b: b.line))


class _Mending:
    def __init__(self, given: list[str]) -> None:
        self.given, self.lines, self.broken = given, list(given), list[Broken]()
        self.conflicts = conflicts(given)
        for conflict in self.conflicts:
            self.lines[conflict.start : conflict.end] = conflict.one_side(given)
        around = [(item.start, item.end) for item in logical_lines(self.lines)] if self.conflicts else []
        for conflict in self.conflicts:
            goes_on = any(start < conflict.start < end for start, end in around)  # within brackets a line begins no statement
            lines = [line for line in given[conflict.start : conflict.end] if not goes_on or "=" in line]
            names = [name for line in lines for name in assigned(line)]
            if names or not goes_on:  # else the statement around it is told of
                self._record(Fault.of_conflict(conflict.start), names)

    def module(self) -> ast.Module:
        items = list(logical_lines(self.lines))
        self._odd_spaces(items)
        self._suite(items, "", False)
        attempts = max(_ATTEMPTS, _LINES // len(self.lines))
        while True:  # `global x` below `x = 1` and their like are refused only in the whole
            tree, error = parse("\n".join(self.lines))
            if tree is not None:
                return tree
            assert error is not None
            row = (error.lineno or 1) - 1
            at = next((item for item in items if item.start <= row < item.end and not item.opens), None)
            attempts -= 1
            if at is None or attempts < 0:
                self._lose(0, len(self.lines), "", self._fault(0, len(self.lines), error), [])
            else:
                error.lineno = row - at.start + 1
                self._lose(at.start, at.end, at.margin, self._fault(at.start, at.end, error))

    def _odd_spaces(self, items: Sequence[Logical]) -> None:
        """Empty the lines between statements, blank ones and comments, that Python refuses: for a space it does not know, or a NUL."""
        between = set(range(len(self.lines))).difference(*(range(item.start, item.end) for item in items))
        for row in sorted(between):
            odd = margin_of(self.lines[row]).strip(" \t\f") or "\0" in self.lines[row]
            error = self._error(row, row + 1, "", False) if odd else None
            if error is not None:
                self.lines[row] = ""
                self._record(self._fault(row, row + 1, error), [])

    def _suite(self, items: Sequence[Logical], margin: str, loop: bool) -> None:
        """Blank what is refused of a block's statements, whose margin should be `margin`."""
        for clauses in _statements(items):
            head = clauses[0].head
            last = clauses[-1].body[-1] if clauses[-1].body else clauses[-1].head
            if head.margin == margin:
                self._statement(clauses, head.start, last.end, loop)
                continue
            touched = self._conflict(head.start, last.end)
            if touched is not None and touched.start <= head.start:
                self._blank(head.start, last.end, margin)
                continue
            error = self._error(head.start, last.end, head.margin, loop)
            if error is None or isinstance(error, IndentationError):
                self._lose(head.start, last.end, margin, prompt(self.given, head.start) or indentation(head.start, head.margin, margin))
            else:
                self._lose(head.start, last.end, margin, self._fault(head.start, last.end, error))

    def _statement(self, clauses: Sequence[_Clause], start: int, end: int, loop: bool) -> None:
        margin = clauses[0].head.margin
        touched = self._conflict(start, end)
        head = clauses[0].head
        if len(clauses) == 1 and not clauses[0].body and (head.whole or head.error):
            error = head.error  # what only the compiler refuses is found later, in the whole
        else:
            error = self._error(start, end, margin, loop)
        if error is None and touched is None:
            return
        if self._entered(clauses, loop) or self._signature(clauses[-1], error):
            for clause in clauses:
                inside = loop or clause.head.word in ("for", "while")
                inner = _usual(clause.body, clause.head.width) or clause.head.margin + "    "
                self._suite(clause.body, inner, inside and clause.head.word != "def")
        elif touched is not None:
            self._blank(start, end, margin, touched.start)
            if start < touched.start:
                self._record(Fault.of_conflict(touched.start), assigned(self.given[start]))
        elif clauses[-1].head.word in ("def", "class"):
            if self._misplaced(clauses[-1]):
                error = self._error(start, end, margin, loop)
            if error is not None:
                self._lose(start, end, margin, self._fault(start, end, error), [])
        elif error is not None:
            heads = [item for clause in clauses for item in (clause.head, *clause.body)]
            self._lose(start, end, margin, self._fault(start, end, error), [n for item in heads for n in assigned(self.given[item.start])])

    def _misplaced(self, clause: _Clause) -> bool:
        """Take a gradient's line out of the end of another function's block that it has slipped into. Returns whether there is one."""
        usual, body = (_usual(clause.body, clause.head.width), list(_statements(clause.body))) if len(clause.body) > 1 else (None, [])
        count = len(body)
        while len(body) > 1 and body[-1][0].head.margin != usual and assigned(self.given[body[-1][0].head.start]):
            head = body.pop()[0].head
            self._lose(head.start, head.end, usual or "", indentation(head.start, head.margin, usual or ""))
        return len(body) < count

    def _entered(self, clauses: Sequence[_Clause], loop: bool) -> bool:
        """Whether the statement is one whose block is read statement by statement: its heads are fine with any block."""
        first = next((c.head for c in clauses if c.head.word != "@"), clauses[0].head)
        line = self.lines[first.start]
        named = any(pattern.match(line) for pattern in (_BACKWARD, _CUSTOM, _METHOD))
        if (first.word not in _ENTERED and not named) or not any(c.body for c in clauses):
            return False
        text: list[str] = []
        for clause in clauses:
            text += self.lines[clause.head.start : clause.head.end]
            text += [clause.head.margin + " pass"] if clause.head.opens and clause.body else []
        return parse("\n".join(text), bool(first.margin), loop)[1] is None

    def _signature(self, clause: _Clause, error: SyntaxError | None) -> bool:
        """Write the first line of a `backward`, or of its class, anew, where Python refuses that line. Returns whether it did."""
        head = clause.head
        line = self.lines[head.start]
        found, whole = _BACKWARD.match(line), _CUSTOM.match(line)
        if error is None or not clause.body:
            return False
        if found is not None:
            rest = "\n".join(self.lines[head.start : head.end])[found.end() :]
            names = dict.fromkeys(name for name in _NAME.findall(_COMMENT.sub("", rest)) if name.isidentifier() and not iskeyword(name))
            anew = f"{head.margin}def backward({', '.join(names)}):"
        elif whole is not None:
            anew = f"class {whole[1]}(torch.autograd.Function):"
        else:
            return False
        if head.start + 1 == head.end and line.rstrip() == anew:
            return False
        self.lines[head.start : head.end] = [anew, *[""] * (head.end - head.start - 1)]
        self._record(self._fault(head.start, head.end, error), [])
        return True

    def _conflict(self, start: int, end: int) -> Conflict | None:
        """The first conflict that lies in these lines, or that they lie in."""
        at = bisect_right(self.conflicts, start, key=lambda c: c.end)
        return self.conflicts[at] if at < len(self.conflicts) and self.conflicts[at].start < end else None

    def _error(self, start: int, end: int, margin: str, loop: bool) -> SyntaxError | None:
        return parse("\n".join(self.lines[start:end]), bool(margin), loop)[1]

    def _fault(self, start: int, end: int, error: SyntaxError) -> Fault:
        return fault(self.given, start, end, error, plainly=len(self.broken) < _EXPLAINED)

    def _blank(self, start: int, end: int, margin: str, at: int = 0) -> None:
        """Put one `pass` in the place of these lines, in line `at` if it is one of them: what is told there lies in its function."""
        self.lines[start:end] = [""] * (end - start)
        self.lines[at if start <= at < end else start] = margin + "pass"

    def _lose(self, start: int, end: int, margin: str, why: Fault, names: Sequence[str] | None = None) -> None:
        self._blank(start, end, margin, why.row)
        self._record(why, assigned(self.given[start]) if names is None else names)

    def _record(self, why: Fault, names: Sequence[str]) -> None:
        for name in dict.fromkeys(names) or [None]:
            self.broken.append(Broken(why.row + 1, why.column, why.message, self.given[why.row].strip(), name, why.help))


def _statements(items: Sequence[Logical]) -> Iterator[list[_Clause]]:
    """Group logical lines into statements: a head with its block, its further clauses, its decorators."""
    k = 0
    while k < len(items):
        clauses: list[_Clause] = []
        while True:
            head, end = items[k], k + 1
            if head.opens:
                end = _block_end(items, k)
            clauses.append(_Clause(head, items[k + 1 : end]))
            k = end
            if k == len(items) or items[k].margin != head.margin:
                break
            if head.word != "@" and head.word not in CLAUSES.get(items[k].word, ()):
                break
        yield clauses


def _block_end(items: Sequence[Logical], at: int) -> int:
    """Where the block of `items[at]` ends; a `backward` goes on below a line that has slipped to the margin."""
    head, end = items[at], at + 1
    if head.word == "def" and end < len(items) and items[end].width <= head.width:  # all its lines have
        while end < len(items) and not items[end].opens and items[end].word not in ("@", "import", "from"):
            end += 1
    while end < len(items):
        if items[end].width > head.width:
            end += 1
            continue
        back = end
        while back < len(items) and items[back].width <= head.width and not items[back].opens and items[back].word != "@":
            back += 1
        if head.word != "def" or back == len(items) or items[back].width <= head.width or back == end:
            break
        end = back
    return end


def _usual(items: Sequence[Logical], outer: int) -> str | None:
    """The margin that most statements of a block have."""
    heads = [clauses[0].head for clauses in _statements(items)]
    counts = Counter(head.margin if not head.margin.strip(" \t\f") else " " * head.width for head in heads if head.width > outer)
    return min(counts, key=lambda m: (-counts[m], abs(len(m.expandtabs(8)) - outer - 4)), default=None)
