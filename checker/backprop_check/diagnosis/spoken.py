"""How a wrong answer is spoken of: shapes with the names of their axes, places in the learner's file, a cause that is proven."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType
from typing import NamedTuple

import torch

from backprop_check.diagnosis.observed import Observed
from backprop_check.exercise.sizes import axes, axis_name, written
from backprop_check.exercise.source import characters
from backprop_check.records import Claim, Diagnosis, Run, Span
from backprop_check.submission import statements


class Mended(NamedTuple):
    """A right expression, as text and as a tree, and the part of the learner's that was changed."""

    fix: str
    tree: ast.expr
    part: ast.expr


@dataclass(frozen=True)
class Spoken(Observed):
    """One answer that is not right, in words."""

    def only(self, note: str) -> str:
        """A note that all else is right: not said where the answer has another mistake beside this one."""
        return "" if self.beside else note

    def shape(self, of: Callable[[Run], torch.Tensor | tuple[int, ...]]) -> str:
        """Write a shape with its axes and its nominal numbers: `(N, 1) = (7, 1)`."""
        runs = self.runs or self.verdict.runs
        shapes = [tuple(getattr(value := of(run), "shape", value)) for run in runs]
        named, plain = axes(shapes, [run.trial.sizes for run in runs]), written(shapes[0])
        return plain if named == plain else f"{named} = {plain}"

    def axis_names(self, of: Callable[[Run], torch.Tensor]) -> list[str]:
        """Name each axis of a tensor seen in every run: `["N", "1"]`."""
        runs = self.runs
        sizes = [run.trial.sizes for run in runs]
        return [axis_name(lengths, sizes) for lengths in zip(*(of(run).shape for run in runs), strict=True)]

    @property
    def got(self) -> str:
        return self.shape(lambda run: run.answers[self.name].shape or ())

    @property
    def due(self) -> str:
        """The node's own shape: also where the answer is held against other values than its gradient."""
        return self.shape(lambda run: tuple(run.trial.values[self.node].shape))

    def span(self, node: ast.AST | None = None, after: ast.AST | None = None) -> Span | None:
        """Where `node` stands in the submission's body (default: the value of the last statement that writes the target).

        With `after`, only what follows that part of it: the `.sum(1)` of `x.sum(1)`.
        """
        part = node
        if node is None:
            if not self.written:
                return None
            terms = [each for each in self.written if not (isinstance(each, ast.AugAssign) and isinstance(each.op, ast.Mult | ast.Div))]
            last = (terms or self.written)[-1]  # `dx *= r` scales what stands above it
            gathers = sum(isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Subscript) for s in self.written) > 1
            node = last if gathers else getattr(last, "value", last)  # what it adds there may be right
            if isinstance(last, ast.For | ast.While | ast.If):
                return self._writer(last)
        line, column = getattr(node, "lineno", None), getattr(node, "col_offset", 0)
        if line is None:
            return None
        if after is not None and getattr(after, "end_lineno", None) is not None:
            line, column = getattr(after, "end_lineno", line), getattr(after, "end_col_offset", column)
        end_line, end_column = getattr(node, "end_lineno", None) or line, getattr(node, "end_col_offset", None) or column
        if (line, column) == (end_line, end_column) and part is not None:  # nothing of the line: the caret goes under what it is a part of
            return self.span(part if after is not None else None)
        lines = self.submission.lines
        return line, characters(lines, line, column), end_line, characters(lines, end_line, end_column)

    def _writer(self, whole: ast.stmt) -> Span | None:
        """Of a statement that holds others the one that writes the target; where several do, the line that opens it."""
        simple = (n for n in ast.walk(whole) if isinstance(n, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr))
        writers = [n for n in simple if self.name in statements.written(n)]
        return self.span(writers[0]) if len(writers) == 1 else self.opening(whole)

    def opening(self, node: ast.stmt) -> Span | None:
        """Where a statement stands; of a loop or a branch, the line that opens it."""
        whole, opens = self.span(node), self.span(getattr(node, "test", None) or getattr(node, "iter", None) or node)
        return whole[:2] + opens[2:] if whole is not None and opens is not None else whole

    def proven(
        self,
        code: str,
        by: Mended | None = None,
        *,
        error: str,
        note: str = "",
        help: str = "",
        span: Span | EllipsisType | None = ...,
        evidence: str = "",
        fix: str | None = None,
        claims: tuple[Claim, ...] = (),
        also: tuple[tuple[Span, str], ...] = (),
        question: str = "",
    ) -> Diagnosis:
        """A proven cause: of the whole answer, or of the part that was mended, unless told otherwise; by its fix, without other proof."""
        place = self.span(by.part if by is not None else None) if isinstance(span, EllipsisType) else span
        fix = by.fix if by is not None and fix is None else fix
        shown = evidence or (f"`{fix}` equals autograd's gradient in every trial." if fix is not None else "")
        return Diagnosis(code, "proven", error, note, help, place, shown, fix, also, claims, question=question)
