"""Of running sums: a number is in the one at its own place too."""

from __future__ import annotations

import ast

from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.by_edit.edits import names_used
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.expression.rewrites import calls
from backprop_check.records import Diagnosis


def own_place(case: Case) -> Diagnosis | None:
    """Proven by adding what arrives there: the answer is then right."""
    for line in case.consumers if case.everywhere and case.same_shape else ():
        summed = next((c for c in calls(parsed(line.source.strip()), "cumsum") if case.node in {name.id for name in names_used(c)}), None)
        above = "d" + line.name
        if summed is None or above not in case.available:
            continue
        arrives = [run.trial.gradients[above] for run in case.runs]
        if all(g.shape == a.shape for g, a in zip(arrives, case.answers, strict=True)) and case.is_oracle(
            [a + g for a, g in zip(case.answers, arrives, strict=True)]
        ):
            return case.proven(
                "missing-branch",
                error=f"each number lacks what arrives at its own place, `{above}`",
                note=f"In `{text(summed)}` a number is in every sum from its own place on; yours leaves that one out.",
                help=f"Begin one place earlier, or add `{above}`.",
                evidence=f"Your answer plus `{above}` is autograd's gradient in every trial.",
                claims=(equal(f"answer + {above}"),),
                fix=case.fix(ast.BinOp(case.draft, ast.Add(), ast.Name(above, ast.Load()))) if case.draft is not None else None,
            )
    return None
