"""What is said of one place in a statement, and how a statement is written in one line."""

from __future__ import annotations

import ast
from typing import Any

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.case import Case
from backprop_check.records import Diagnosis

SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}


def told_of(case: Case, code: str, where: ast.AST, error: str, note: str, move: str, question: str = "") -> Diagnosis:
    return Diagnosis(code, "proven", error, note, move, _sign(case, where), question=question)


def _sign(case: Case, where: ast.AST) -> Any:
    """Where a part stands; of a statement, its `=`."""
    if not isinstance(where, ast.Assign | ast.AugAssign):
        return case.span(where)
    end = case.span(where.targets[-1] if isinstance(where, ast.Assign) else where.target)
    sign = "=" if isinstance(where, ast.Assign) else "+=" if isinstance(where.op, ast.Add) else "-="
    at = case.submission.lines[end[2] - 1].find(sign, end[3]) if end is not None else -1
    return (end[2], at, end[2], at + len(sign)) if end is not None and at >= 0 else case.span(where)


def one_line(new: ast.stmt) -> str:
    match new:
        case ast.For(target=target, iter=over):
            return f"for {text(target)} in {text(over)}:"
        case ast.Assign(targets=[target], value=value):
            return f"{text(target)} = {text(value)}"
        case ast.AugAssign(target=target, op=op, value=value):
            return f"{text(target)} {SIGNS[type(op)]}= {text(value)}"
        case ast.Expr(value=value):
            return text(value)
    return ast.unparse(new)
