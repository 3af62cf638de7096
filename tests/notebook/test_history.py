"""What of earlier cells runs before a `%%backward` cell: what it needs, as it was last defined, and nothing else."""

from __future__ import annotations

import pytest

from backprop_check.notebook.history import earlier
from backprop_check.submission.cells import cell

CASES = {
    "what is used": (["import slow\nimport math as m", "K = 3"], "da = m.pi * K", "import math as m\nK = 3\n"),
    "through a function": (
        ["import math", "def f(x):\n    return math.pi * x"],
        "da = f(b)",
        "import math\ndef f(x):\n    return math.pi * x\n",
    ),
    "defined twice": (["K = 3", "K = 4"], "da = K", "K = 3\nK = 4\n"),
    "decorated": (
        ["def deco(f): return f", "@deco\ndef g(x):\n    return x"],
        "da = g(b)",
        "def deco(f): return f\n@deco\ndef g(x):\n    return x\n",
    ),
    "beside others in a line": (["J = 1; K = 3"], "da = K", "K = 3\n"),
    "all names of a module": (["from math import *"], "da = pi", "from math import *\n"),
    "no literal, so never run": (["K = train()"], "da = K", ""),
    "a name of the exercise": (["b = 5", "db = 7"], "da = b + db", ""),
    "an earlier attempt": (["%%backward\nK = 3"], "da = K", ""),
    "magics and what is no Python": (["%matplotlib inline\nK = 3", "%%bash\nls -l", "K = = 4"], "da = K", "K = 3\n"),
}


@pytest.mark.parametrize("sources, body, due", CASES.values(), ids=CASES)
def test_earlier(sources: list[str], body: str, due: str) -> None:
    assert earlier(sources, cell("cell [9]", f"%%backward\n{body}"), {"a", "b", "da", "db"}).text == due
