"""Which lines are known to stay right, whatever arrives from above: a class has many that are equal."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence

from backprop_check.records import Statement, Submission
from backprop_check.submission.statements import writers

_IMPORT = re.compile(r"(?:import|from) [\w., ]+")
_AFTER_A_DOT = re.compile(r"\.(\w*)")
_MAY_WRITE = re.compile(r"[#\\]|\b(?:out|inplace)\s*=(?!=)|[(,]\s*\*\*")
"""A result that is asked for in another's place, and what hides it: further arguments, comments and breaks between words."""
_ADDS = re.compile(r"\w+ *(?:[-+*/@]|\*\*|//)=")
_NAMES = frozenset({"torch", "F", "nn", "math", "range", "len", "float", "int"})
_PURE = frozenset(
    """
    T mT H abs all amax amin any arange argmax argmin bmm bool cat ceil chunk clamp clone contiguous cos cosh cumprod cumsum detach device
    diag diag_embed diagonal dim dot double dtype einsum eq exp expand expand_as expm1 eye flatten flip float float32 float64 floor full
    full_like functional gather ge gelu gt index_add index_put index_select int int64 inf isnan le linalg log log1p log_softmax logical_and
    logical_not logsumexp long lt masked_fill matmul max maximum mean min minimum mm mul narrow ndim ne neg new_zeros nn norm numel ones
    ones_like one_hot outer permute pi pow prod reciprocal repeat repeat_interleave reshape roll rsqrt scatter scatter_add select shape
    sigmoid sign sin sinh size softmax softplus split sqrt square squeeze stack std sub sum swapaxes t tan tanh tensor to trace transpose
    tril triu type_as unbind unflatten unfold unsqueeze values var view view_as where zeros zeros_like
    """.strip().split()
)
"""What of torch changes nothing but its result. Code that names anything else is run each time, whatever was seen of its lines."""


class Held:
    """Lines of one exercise that stayed right when the gradients they read were perturbed: by a digest of all that decides their value."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def of(self, submission: Submission, targets: Collection[str]) -> Callable[[str, Iterable[str]], bytes | None]:
        """Return what gives the digest of the answer to a target, which reads those gradients; None where more than its lines may decide.

        A target that is written once is autograd's own in the lines that read it.
        """
        if not _is_plain(submission):
            return lambda name, reads: None
        writing = writers(submission.statements)
        replaced = {name for name in targets if len(writing.get(name, ())) < 2}
        around = (submission.parameters, [outer.source for outer in submission.above])

        def digest(name: str, reads: Iterable[str]) -> bytes:
            rests: dict[int, Statement] = {}
            queue = list(writing.get(name, ()))
            while queue:
                statement = queue.pop()
                if statement.index not in rests:
                    rests[statement.index] = statement
                    queue += (s for other in statement.reads - replaced for s in writing.get(other, ()))
            lines = [rests[index].source for index in sorted(rests)]
            return hashlib.sha256(repr((name, sorted(reads), around, lines)).encode()).digest()

        return digest

    def know(self, digests: Iterable[bytes | None]) -> bool:
        return all(digest in self._known for digest in digests)

    def add(self, digest: bytes | None) -> None:
        if digest is not None:
            self._known.add(digest)


def _is_plain(submission: Submission) -> bool:
    """Whether nothing runs but imports, and assignments that change nothing but the name they give a value."""
    writing = writers(submission.statements)
    given = {*submission.parameters, *_NAMES, *writing}
    return (
        not submission.modules
        and not submission.unknown
        and all(_IMPORT.fullmatch(outer.source) for outer in submission.above)
        and all(len(s.writes) == 1 and s.reads <= given for s in submission.statements)
        and not any(_MAY_WRITE.search(s.source) for s in submission.statements)
        and all(w in _PURE or w[:1].isdecimal() for s in submission.statements for w in _AFTER_A_DOT.findall(s.source))
        and all(_is_own(written) for written in writing.values())
    )


def _is_own(written: Sequence[Statement]) -> bool:
    """Whether these statements, all that write a name, change no other's value: what is added to in place has been computed for it."""
    if all(s.value is not None for s in written):
        return True
    begun = [ast.parse(f"({s.value}\n)", mode="eval").body for s in written if s.value is not None]
    adding = all(_ADDS.match(s.source) for s in written if s.value is None)
    return adding and bool(begun) and all(map(_is_new, begun))


def _is_new(value: ast.expr) -> bool:
    called = value.func if isinstance(value, ast.Call) else None
    return isinstance(value, ast.BinOp) or (isinstance(called, ast.Attribute) and called.attr in ("zeros_like", "ones_like", "clone"))
