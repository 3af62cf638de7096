"""Every target's line of every solution, broken in many ways, below harmless neighbours: `python tests/judge/breaking.py` tries them all.

`python tests/judge/breaking.py 10` tries each tenth.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backprop_check.exercise.mend import parse_leniently

SOLUTIONS = sorted(
    p for p in (Path(__file__).parents[2] / "solutions").glob("ex*.py") if "\ndef backward(" in p.read_text(encoding="utf-8")
)
"""Those that are plain functions; what is lost of a broken class is in test_custom_functions.py."""

# `NAME = VALUE` is what a target's line holds, INDENT its margin.
BREAKS = {
    "bracket left open": "INDENTNAME = (VALUE",
    "call left open": "INDENTNAME = torch.neg(VALUE",
    "index left open": "INDENTNAME = VALUE[0",
    "dict left open": "INDENTNAME = {1: VALUE",
    "two left open": "INDENTNAME = f(VALUE, [1",
    "bracket too many": "INDENTNAME = VALUE)",
    "brackets crossed": "INDENTNAME = (VALUE]",
    "open over two lines": "INDENTNAME = (VALUE,\nINDENT        1",
    "string left open": "INDENTNAME = 'VALUE",
    "string left open, brackets in it": 'INDENTNAME = "(VALUE [',
    "triple string left open": 'INDENTNAME = """VALUE',
    "triple string left open, single": "INDENTNAME = VALUE + '''x",
    "f-string left open": "INDENTNAME = f'{VALUE'",
    "triple f-string left open": 'INDENTNAME = f"""{VALUE',
    "half typed": "INDENTNAME =",
    "half typed, operator": "INDENTNAME = VALUE @",
    "half typed, attribute": "INDENTNAME = VALUE.",
    "half typed, condition": "INDENTNAME = VALUE if",
    "continued by mistake": "INDENTNAME = VALUE + \\",
    "space after a continuation": "INDENTNAME = VALUE + \\ ",
    "smart quotes": "INDENTNAME = VALUE + len(“x”)",
    "single smart quotes": "INDENTNAME = VALUE + len(‘it’)",
    "no-break space": "INDENTNAME\u00a0= VALUE",
    "no-break spaces in the margin": "\u00a0\u00a0\u00a0\u00a0NAME = VALUE",
    "ideographic space": "INDENTNAME =\u3000VALUE",
    "zero-width space": "INDENTNAME = \u200bVALUE",
    "byte order mark": "INDENT\ufeffNAME = VALUE",
    "line separator": "INDENTNAME = VALUE \u2028+ 1",
    "NUL": "INDENTNAME = VALUE\0",
    "times": "INDENTNAME = 2 × VALUE",
    "minus": "INDENTNAME = −VALUE",
    "superscript": "INDENTNAME = VALUE²",
    "keyword for a value": "INDENTNAME = in * VALUE",
    "keyword for a value, class": "INDENTNAME = class + VALUE",
    "keyword left and open": "INDENTNAME = (lambda",
    "operator missing": "INDENTNAME = VALUE VALUE",
    "number and name": "INDENTNAME = 2VALUE",
    "leading zeros": "INDENTNAME = VALUE * 01",
    "equals twice": "INDENTNAME = = VALUE",
    "equals thrice": "INDENTNAME == = VALUE",
    "assigned to a number": "INDENTNAME = 1 = VALUE",
    "walrus": "INDENTNAME := VALUE",
    "walrus within": "INDENTNAME = VALUE := 1",
    "equals for double equals": "INDENTNAME = VALUE if 1 = 1 else 0",
    "no equals": "INDENTNAME VALUE",
    "prompt": ">>> NAME = VALUE",
    "prompt within": "INDENT>>> NAME = VALUE",
    "notebook's prompt": "In [3]: NAME = VALUE",
    "at the left margin": "NAME = VALUE",
    "one space less": "   NAME = VALUE",
    "one space more": "INDENT NAME = VALUE",
    "deeper": "INDENTINDENTNAME = VALUE",
    "tab": "\tNAME = VALUE",
    "space and tab": "  \tNAME = VALUE",
    "loop without colon": "INDENTfor i in range(1)\nINDENT    NAME = VALUE",
    "block without colon": "INDENTwith torch.no_grad()\nINDENT    NAME = VALUE",
    "else without if": "INDENTelse:\nINDENT    NAME = VALUE",
    "break in a value": "INDENTNAME = break",
    "Python 2": "INDENTprint NAME; NAME = VALUE",
    "fence": "```NAME = VALUE",
    "conflict": "<<<<<<< HEAD\nINDENTNAME = VALUE\n=======\nINDENTNAME = 2 * VALUE\n>>>>>>> theirs",
    "conflict, one side empty": "<<<<<<< HEAD\n=======\nINDENTNAME = VALUE\n>>>>>>> theirs",
    "conflict in an expression": "INDENTNAME = (\n<<<<<<< HEAD\nINDENT    VALUE\n=======\nINDENT    2 * VALUE\n>>>>>>> theirs\nINDENT)",
    "conflict, one bracket each": "INDENTNAME = (\n<<<<<<< HEAD\nINDENT    VALUE)\n||||||| base\n=======\nINDENT    2 * VALUE)\n>>>>>>> theirs",
    "conflict, half removed": "INDENTNAME = VALUE\n=======\nINDENTNAME = 2 * VALUE\n>>>>>>> theirs",
}  # fmt: skip

NEIGHBOURS = {
    "none": "",
    "one character": 'INDENTprint("-" * 20)\n',
    "brackets as strings": "INDENTnote = '(' + \"[\" + '{'\n",
    "quotes as strings": "INDENTnote = '\"' + \"'\" + '\\''\n",
    "hash in a string": 'INDENTnote = "# not a (comment" + \'#\'\n',
    "comment with quotes": "INDENT# it's (a \"\"\" comment\n",
    "f-string": "INDENTprint(f\"{'(':>{5}} {1 + 1!r} {{\")\n",
    "continuation": "INDENTnote = 1 + \\\nINDENT    2 - \\\n  3\n",
    "brackets over lines": "INDENTnote = dict(\nINDENT    a=[1,\n2],\n\nINDENT    # one (\nINDENT)\n",
    "docstring": 'INDENT"""A note: it\'s (not [closed.\n\ndx = 3\n    """\n',
    "raw and bytes": "INDENTnote = rb'\\(' + b\"\\\"\" + br'''\n(\n'''\n",
    "block": "INDENTwith torch.no_grad():\nINDENT    note = {\nINDENT    }\n",
    "function": 'INDENTdef helper(x: "(" = ")"):\nINDENT    """\'"""\nINDENT    return x if x else {}\n',
    "semicolons": "INDENTnote = ';('; other = \")\";\n",
    "conditions": "INDENTif 1:\nINDENT    note = ']'\nINDENTelif 2: pass\nINDENTelse:\nINDENT    note = '''\n'''\n",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A text whose line of `target` is broken in one way; `kept` are the other statements of its `backward`, as trees."""

    name: str
    text: str
    target: str
    kept: Counter[str]


def targets(text: str) -> list[ast.Assign]:
    """The statements of a solution's `backward` that are a target's line."""
    function = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == "backward")
    return [n for n in function.body if isinstance(n, ast.Assign)]


def cases(path: Path, every: int = 1) -> Iterator[Case]:
    """Yield the ways of breaking one solution: all, or each so-manieth, the same in every run."""
    number = int.from_bytes(path.stem.encode())
    text = path.read_text(encoding="utf-8")
    for node in targets(text):
        assert isinstance(node.targets[0], ast.Name)
        name, value = node.targets[0].id, ast.unparse(node.value)
        lines = text.splitlines(keepends=True)
        for near, neighbour in NEIGHBOURS.items():
            above = "".join(lines[: node.lineno - 1]) + neighbour.replace("INDENT", "    ")
            below = "".join(lines[node.end_lineno :])
            kept: Counter[str] | None = None
            for way, broken in BREAKS.items():
                number += 1
                if number % every:
                    continue
                line = re.sub(
                    "NAME|VALUE|INDENT", lambda m, words={"NAME": name, "VALUE": value, "INDENT": "    "}: words[m.group()], broken
                )
                spoilt = f"{above}{line}\n{below}"
                if not _python(spoilt):
                    if kept is None:
                        kept = _body(above + f"    {name} = {value}\n" + below)
                        kept[ast.dump(ast.parse(f"{name} = {value}").body[0])] -= 1
                    yield Case(f"{path.stem} {name}: {way}, below: {near}", spoilt, name, +kept)


def _python(text: str) -> bool:
    """Whether Python reads it all the same: `dx (b + 1)` is a call, a last line at the left margin the module's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return False
    return True


def wrong(case: Case) -> str:
    """What is lost of a case that should not be, or not said; empty if nothing."""
    tree, mended, broken = parse_leniently(case.text)
    if tree is None:
        return f"nothing parses: {broken}"
    if mended.count("\n") != case.text.count("\n"):
        return "lines were added or lost"
    named = {b.target for b in broken}
    if named - {None} != {case.target}:
        return f"named: {named}"
    if "conflict" in case.name and not all("git" in b.message for b in broken if b.target):
        return f"no conflict named: {broken}"
    if not any(isinstance(n, ast.FunctionDef) and n.name == "backward" for n in tree.body):
        return f"backward is lost: {broken}"
    left = _body(mended)
    own = Counter(key for key in left - case.kept if f"id='{case.target}'" in key and "half" in case.name)  # the side that is left
    if left != case.kept + own:
        return f"lost {[*(case.kept - left)]}, gained {[*(left - case.kept)]}"
    return ""


def _body(text: str) -> Counter[str]:
    """The statements of a text's `backward`, and of its top level, without `pass` and without what a broken line leaves of its own."""
    tree = ast.parse(text)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "backward")
    return Counter(
        re.sub(r"(, )?Pass\(\)", "", ast.dump(n))
        for n in [*function.body, *(n for n in tree.body if n is not function)]
        if not isinstance(n, ast.Pass)
    )


if __name__ == "__main__":
    tried, lost = 0, Counter[str]()
    for path in SOLUTIONS:
        for case in cases(path, int(sys.argv[1]) if len(sys.argv) > 1 else 1):
            tried += 1
            if said := wrong(case):
                lost[case.name.split(": ", 1)[1]] += 1
                print(case.name, said, sep="\n    ", file=sys.stderr)
        print(f"{path.stem}: {tried} tried so far, {lost.total()} wrong", flush=True)
    print(
        f"{tried} texts: {len(SOLUTIONS)} solutions, {len(BREAKS)} ways, {len(NEIGHBOURS)} neighbours; more than the target lost in {lost.total()}"
    )
    print(lost.most_common(20))
