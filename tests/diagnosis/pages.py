"""Read a rule's page, and make of it an exercise and submissions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from backprop_check.diagnosis.pages import HEADINGS, WORDS

SIZES = {"N": 5, "C": 3, "K": 4, "M": 6, "T": 7, "B": 2}


def section(page: str, name: str) -> str:
    match = re.search(rf"^{name}:[ \n](.*?)(?=^(?:{'|'.join((*HEADINGS, *WORDS))}):|\Z)", page, re.S | re.M)
    assert match, f"the page has no section {name!r}"
    return " ".join(match.group(1).split())


def exercise_text(page: str) -> str:
    """An exercise file whose forward, inputs and targets are those of a rule's page."""
    indices = re.findall(r"(\w+) (\(\w+\)) of (\w+)", section(page, "Shapes"))
    lines = [line.strip() for line in section(page, "Forward").split(";")]
    shapes = dict(re.findall(r"(\w+) (\([^)]*\))(?! of)", section(page, "Shapes")))
    drawn, own = _inputs(page)
    draw, _, plus = drawn.partition(" + ")
    sizes = [s for s in SIZES if re.search(rf"\b{s}\b", " ".join([section(page, "Shapes"), *own.values()]))]
    names = [line.split("=")[0].strip() for line in lines]
    targets = dict.fromkeys(re.findall(r"\b(d\w+) \S?=(?!=)", section(page, "Wrong") + "; " + section(page, "Right")))
    arguments = [*shapes, *(name for name, _, _ in indices), *(name for name in own if name not in shapes)]
    cotangent = [] if names[-1] == "loss" else ["d" + names[-1]]  # by convention, `loss` is one number
    parameters = [*arguments, *names, *cotangent]
    values = [f"{n}={draw}{s} + {plus or 0}" for n, s in shapes.items() if n not in own]
    values += [f"{n}=torch.randint(0, {rows}, ({count[1:-1]},))" for n, count, rows in indices]
    values += [f"{n}={expression}" for n, expression in own.items()]
    return "\n".join(
        [
            '"""A page."""',
            "import torch",
            "import torch.nn.functional as F",
            f"def inputs({', '.join(f'{s}={SIZES[s]}' for s in sizes)}):",
            f"    return dict({', '.join(values)})",
            f"def forward({', '.join(arguments)}):",
            *(f"    {line}" for line in lines),
            f"    return {names[-1]}",
            f"def backward({', '.join(parameters)}):",
            *(f"    {t} = ..." for t in targets if t[1:] in [*shapes, *names]),
            "",
        ]
    )


def _inputs(page: str) -> tuple[str, dict[str, str]]:
    """How tensors are drawn, and the inputs that have an expression of their own: `Inputs: torch.rand; m = torch.rand(N, C) > 0.5`."""
    parts = [part.strip() for part in section(page, "Inputs").split(";")] if "\nInputs:" in page else []
    own = dict(part.split(" = ", 1) for part in parts if re.match(r"\w+ = ", part))
    return next((part for part in parts if not re.match(r"\w+ = ", part)), "torch.randn"), own


def submission_text(exercise: str, statements: str) -> str:
    signature = next(line for line in exercise.splitlines() if line.startswith("def backward"))
    body = [f"    {s.strip()}" for s in statements.split(";")]
    return "\n".join(["import torch", "import torch.nn.functional as F", signature, *body, ""])


def write(folder: Path, page: str, statements: str) -> tuple[Path, Path]:
    exercise = exercise_text(page)
    ast.parse(exercise)
    (folder / "exercise.py").write_text(exercise)
    (folder / "answer.py").write_text(submission_text(exercise, statements))
    return folder / "exercise.py", folder / "answer.py"
