"""The course's gradients, derived from the forwards' text, beside the lines that its author wrote.

Run as `python benchmarks/derived_course.py` from a checkout. No derivation is given that is not autograd's in every trial; counted is how
many there are, how many are the author's to the letter, and shown is where the author's line is much shorter, or takes no helper.
"""

from __future__ import annotations

import ast
from pathlib import Path

from backprop_check.derivation.backward import backward, named_lines, trials
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.custom import functions
from backprop_check.exercise.parse import read_exercise
from backprop_check.trace.author import silent
from backprop_check.trace.graph import load_graph


def main() -> None:
    course = packaged_course()
    targets = derived = same = 0
    for path in course.files():
        own = _written(course.solution(path))
        with silent():
            graph = load_graph(read_exercise(path))
            told = [(one, named_lines(graph, one) if one.derived else ()) for one in backward(graph, trials(graph))]
        for one, lines in told:
            targets, derived = targets + 1, derived + bool(lines)
            text, author = ast.unparse(ast.parse(one.derived.text)) if one.derived else "", own.get(one.name, "")
            same += text == author
            if not lines:
                print(f"{path.stem}: {one.name} {one.why_not}")
            elif text != author and (len(lines) > 1 or len(text) > 1.25 * len(author) + 8):
                print(f"{path.stem}: {'; '.join(line.text for line in lines)}\n    author: {one.name} = {author}")
    print(f"{targets} gradients: {derived} derived, {same} to the letter as the author wrote them")


def _written(solution: Path) -> dict[str, str]:
    """The last expression that the solution assigns to each name."""
    body = functions(ast.parse(solution.read_text(encoding="utf-8")))["backward"].body
    return {n.targets[0].id: ast.unparse(n.value) for n in body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)}


if __name__ == "__main__":
    main()
