"""Attacks that no file in a repository can show: by their names, their size or their bytes. Each is a name and what the file holds."""

from __future__ import annotations

import json

NAMES = ("counts", "counts_sum_inv", "probs", "act", "s")
TARGETS = ("dact", "dprobs", "dcounts", "dcounts_sum_inv")
WRONG = (
    "import torch\n\n\ndef backward(counts, counts_sum_inv, probs, act, s):\n    dact = 3.0\n    dprobs = 3.0\n    dcounts = 3.0\n"
    "    dcounts_sum_inv = 3.0\n"
)


def values(*expressions: str) -> str:
    """A submission that gives one expression for each target; the last serves for those that are left."""
    given = [*expressions, *[expressions[-1]] * (4 - len(expressions))]
    body = "".join(f"    {target} = {value}\n" for target, value in zip(TARGETS, given, strict=True))
    return f"import torch\n\n\ndef backward({', '.join(NAMES)}):\n{body}"


def notebook(*cells: str) -> str:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    )


SHADOW = "import pathlib\npathlib.Path('backprop_attack_shadow').touch()\nraise SystemExit('shadowed')\n"
"""What a module found in place of a real one would do when it is imported."""

NAMED = (
    "=cmd|'/C calc'!A0.py", "+1+1.py", "-rf.py", "--out=x.py", "@SUM(1).py", "\t=1.py", "<img src=x onerror=alert(1)>.py", '"><svg onload=alert(2)>.py',
    "$(touch backprop_attack_name).py", "`touch backprop_attack_name`.py", ";touch backprop_attack_name;.py", "line\nbreak,4,4,100.py", "return\r=1.py",
    "\x1b[2J\x1b]0;owned\x07.py", "[bold red]x[/].py", "![x](http:evil.example).py", "\u202eyp.right.py", "{{ 7*7 }}.py", "%s%n%d.py", "a'b\"c,d.py",
    "CON.py", "..py", "...py", ".hidden.py", "&lt;script&gt;.py", "x" * 240 + ".py", "~.py", "*.py", "|rm -rf.py", "results.jsonl.py", "index.html.py",
)  # fmt: skip
"""Names of files whose text is plainly wrong; some come out alike once they are made into names of pages."""

TEXTS: dict[str, str | bytes] = {
    "torch.py": SHADOW + WRONG,
    "json.py": SHADOW + WRONG,
    "numpy.py": SHADOW + WRONG,
    "sitecustomize.py": SHADOW + WRONG,
    "usercustomize.py": SHADOW + WRONG,
    "conftest.py": SHADOW + WRONG,
    "backprop_check/__init__.py": SHADOW + WRONG,
    "backprop_check/__main__.py": SHADOW + WRONG,
    "backprop_check/submission/worker.py": SHADOW + WRONG,
    "lines.py": "x = 1\n" * 3_000 + WRONG,
    "megalines.py": "\n" * 500_000 + WRONG,
    "toobig.py": WRONG + "# " + "x" * 3_000_000,
    "parentheses.py": values("(" * 10_000 + "act" + ")" * 10_000),
    "brackets.py": values("torch.tensor(" + "[" * 150 + "1.0" + "]" * 150 + ")"),
    "negations.py": values("-" * 50_000 + "act"),
    "attributes.py": values("act" + ".T" * 20_000, "3.0"),
    "chain.py": values("act" + " + act" * 3_000, "3.0"),
    "longchain.py": values("act" + " + act" * 30_000, "3.0"),
    "calls.py": values("torch.abs(" * 90 + "act" + ")" * 90, "3.0"),
    "comparisons.py": values("act" + " < act" * 2_000, "3.0"),
    "ifs.py": "".join(f"{' ' * i}if 1:\n" for i in range(98)) + " " * 98 + "x = 1\n" + WRONG,
    "elifs.py": "def long(x):\n    if x:\n        pass\n" + "    elif x:\n        pass\n" * 5_000 + WRONG,
    "lambdas.py": "f = " + "lambda: " * 3_000 + "1\n" + WRONG,
    "names.py": "".join(f"v{i} = {i}\n" for i in range(1_500)) + WRONG,
    "statements.py": values("3.0") + "".join(f"    x{i} = {i}\n" for i in range(300)),
    "digits.py": values(f"act * {'9' * 100_000}", f"probs * 0x{'f' * 100_000}", "3.0"),
    "strings.py": values(repr("<" * 200_000), "3.0"),
    "fstrings.py": values('f"' + "{act!r:>10}" * 200 + '"', "3.0"),
    "nul.py": WRONG.encode() + b"\0",
    "latin.py": WRONG.encode() + b"# caf\xe9\n",
    "wide.py": WRONG.encode("utf-16"),
    "coding.py": b"# -*- coding: utf_7 -*-\n" + WRONG.encode(),
    "empty.py": "",
    "broken.py": WRONG + "    dact = = <script>alert(6)</script>\n    dprobs = \x1b[2J\n",
    "unterminated.py": WRONG + '    """' + "(" * 5_000,
    "quotes.py": ("'" * 7 + "\n") * 2_000 + WRONG,
    "regex.py": '"' + "\\" * 50_000 + "\n" + "([{" * 20_000 + "\n" + WRONG,
    "decorated.py": "@a\n" * 5_000 + "def f(): pass\n" + WRONG,
    "notbackward.py": "backward = lambda *a: 4\n",
    "asyncbackward.py": WRONG.replace("def backward", "async def backward"),
    "generator.py": WRONG + "    yield 4\n",
    "manynames.py": WRONG.replace("act, s", "act, s, " + ", ".join(f"<b>{i}" for i in range(3))),
    "parameters.py": WRONG.replace("act, s", "act, s, dact, answer"),
    "deep.ipynb": '{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "number.ipynb": '{"cells": [{"cell_type": "code", "source": ' + "9" * 100_000 + "}]}",
    "nan.ipynb": '{"cells": [NaN, Infinity]}',
    "outputs.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": WRONG, "outputs": [{"text": "<script>alert(7)</script>"}]}]}),
    "magic.ipynb": notebook("!touch backprop_attack_magic", "%run evil.py", "%%bash\ntouch backprop_attack_magic", WRONG),
    "strange.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": [["a"], 3, None]}, {"cell_type": None}, 7]}),
}  # fmt: skip
"""Files by the name they have in the folder of submissions."""
