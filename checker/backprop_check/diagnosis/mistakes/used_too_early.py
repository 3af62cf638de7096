"""used-too-early: a gradient is read before the last of its terms was added.

Family: Branches and accumulation
Forward: d = x - m; q = d**2; y = d * q
Shapes: x (N, C), m (1, C)
Wrong: dq = d * dy; dd = q * dy; dm = -dd.sum(0, keepdim=True); dd += 2 * d * dq
Right: dq = d * dy; dd = q * dy; dd += 2 * d * dq; dm = -dd.sum(0, keepdim=True)

Why:
A value that is used several times collects its gradient in several steps. Between the first step and the last it
holds a part only, and whatever is computed from it then has that part only. Going back, wait for every consumer of a
value before you go on from it: the reverse order of the forward does exactly that.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation", topological order.

Question: Stand at line {line}. Which terms are in {part} by then, and which are still to come?
Law: A gradient is complete when every use of its value has sent its part back; only then may others be made from it. In small: `{bare} =
1; {name} = -{bare}; {bare} += 2` leaves -1 in {name}, not -3.
Traits: formula right
"""

from __future__ import annotations

import ast

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.expression.evaluate import Evaluator
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis, Statement


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression: with the finished gradient in it, it is right."""
    if not case.everywhere or not case.written:
        return None
    for early in _early(case):
        if case.folded is not None and _right_with(case, case.folded, early[0]):
            return _told(case, case.folded, *early)
    return None


def _early(case: Case) -> list[tuple[str, Statement, Statement]]:
    """Gradients that the answer's statements read after their first write and before their last: (name, reader, last writer)."""
    statements, answers = case.submission.statements, case.verdict.runs[0].answers
    found = []
    for reader in (s for s in statements if case.name in s.writes):
        for name in sorted(reader.reads & set(answers) - {case.name}):
            last = answers[name].statement
            if last is not None and last > reader.index and any(name in s.writes for s in statements[: reader.index]):
                found.append((name, reader, statements[last]))
    return found


def _right_with(case: Case, expression: ast.expr, name: str) -> bool:
    values = []
    for run in case.runs:
        value = Evaluator({**case.names(run), name: run.trial.gradients[name]}, case.work).tensor(expression)
        if value is None:
            return False
        values.append(value)
    return case.is_oracle(values)


def _told(case: Case, expression: ast.expr, name: str, reader: Statement, last: Statement) -> Diagnosis:
    use = next((n for n in ast.walk(case.nodes[reader.index]) if isinstance(n, ast.Name) and n.id == name), None)
    later = case.span(case.nodes[last.index])
    return case.proven(
        "used-too-early",
        error=f"{name} is not complete here: line {last.line} adds to it later",
        note=f"The formula is right. {name[1:]} is used more than once, and at this line {name} holds only a part of what comes back.",
        help=f"Finish {name} first: move this line below line {last.line}.",
        span=case.span(use),
        evidence=f"With the finished {name} your expression equals autograd's gradient in every trial.",
        claims=(equal(expression),),
        fix=_fix(case, expression, name),
        also=((later, f"only here {name} is complete"),) if later is not None else (),
    )


def _fix(case: Case, expression: ast.expr, name: str) -> str | None:
    """The expression with the learner's own finished gradient written out, since that is not there yet at this line."""
    finished = case.fold(name)
    if finished is None:
        return None
    for use in [n for n in ast.walk(expression) if isinstance(n, ast.Name) and n.id == name]:
        expression = put(expression, use, finished)
    return case.fix(expression)
