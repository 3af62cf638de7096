"""The held-out answers as live code: a forward at the top level, the gradients' lines in a function, float32, one choice of sizes."""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts import said

import backprop_check.here as here
from backprop_check.live.asked import Compared

FOLDERS = sorted(path for path in (Path(__file__).parents[1] / "heldout").iterdir() if path.is_dir())
EVERY, FIRST = 74, 11
NAMED = 0.7


def program(exercise: str, right: dict[str, str], case: dict[str, Any]) -> str:
    tree = ast.parse(exercise)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    top = [ast.unparse(node) for node in tree.body if getattr(node, "name", "") not in ("forward", "backward")]
    forward = [ast.get_source_segment(exercise, node) or "" for node in functions["forward"].body if isinstance(node, ast.Assign)]
    output = ast.unparse(functions["forward"].body[-1]).removeprefix("return ")
    targets = [ast.unparse(node.targets[0]) for node in functions["backward"].body if isinstance(node, ast.Assign)]
    upstream = any(argument.arg == "d" + output for argument in functions["backward"].args.args)
    answer, name = case["answer"], "d" + case["target"]
    lines = [f"{each} = {right[each[1:]]}" for each in targets[: targets.index(name)] if each[1:] in right]
    lines += answer if isinstance(answer, list) else [f"{name} = {answer}"]
    return "\n".join(
        [
            *top,
            "globals().update(inputs())",
            "for t in list(globals().values()):",
            "    if isinstance(t, torch.Tensor) and t.is_floating_point(): t.requires_grad_()",
            *forward,
            f"for t in [{', '.join(each[1:] for each in targets)}]: t.retain_grad()",
            f"d{output} = torch.randn_like({output})\n{output}.backward(d{output})" if upstream else f"{output}.backward()",
            "def gradient():",
            textwrap.indent("\n".join(lines), "    "),
            f"    return {name}",
            f"cmp({case['target']!r}, gradient(), {case['target']})",
        ]
    )


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    every = [(folder, json.loads(line)) for folder in FOLDERS for line in (folder / "cases.jsonl").read_text().splitlines() if line.strip()]
    for folder, case in every[FIRST::EVERY]:
        yield program((folder / "exercise.py").read_text(), json.loads((folder / "right.json").read_text()), case), case


def test_verdicts_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[Compared] = []
    compared = here.compared
    monkeypatch.setattr(here, "compared", lambda *asked, **more: (results.append(compared(*asked, **more)), results[-1])[1])
    named, wrong = 0, 0
    for text, case in cases():
        results.clear()
        try:
            told = said(text)
        except RuntimeError:  # the answer itself raises: nothing arrives at `cmp`
            continue
        (result,) = results
        assert result.right == (not case["accept"]), told
        codes = {diagnosis.code for diagnosis, _ in result.diagnoses}
        wrong += not result.right
        named += bool(codes & set(case["accept"]))
        assert not result.carried, told
    assert wrong > 6 and named >= NAMED * wrong
