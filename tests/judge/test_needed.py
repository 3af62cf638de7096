"""What of a file's top level is needed where some names are read: read off the syntax tree, nothing runs."""

from __future__ import annotations

import ast

import pytest

from backprop_check.submission.needed import needed

CASES = {
    "an assignment of its own": ("import torch\nHALF = 1 / 2\nx = train()", "HALF", "HALF = 1 / 2"),
    "through what it reads": ("import math\nS = math.sqrt(2)\ndef f(g):\n    return S * g", "f", "*"),
    "defined twice": ("K = 3\nK = 4", "K", "*"),
    "names of a tuple, a chain": ("a, (b, *c) = (1, (2, 3))\nd = e = 5\nu, v = (1, 2)", "c d", "a, (b, *c) = (1, (2, 3))\nd = e = 5"),
    "an annotation reads nothing": ("Foo = slow()\nx: Foo = 3\ny: Foo\ndef f(a: Foo) -> Foo:\n    b: Foo = a\n    return b", "x f", "x: Foo = 3\ndef f(a: Foo) -> Foo:\n    b: Foo = a\n    return b"),
    "defaults and decorators": ("D = 1\nw = wraps\n@w\ndef f(x=D, *, y=D):\n    return x", "f", "*"),
    "what a function binds is its own": ("x = y = i = slow()\nR = 3\ndef f(x):\n    y = x\n    return [i * y for i in range(R)]", "f", "R = 3\ndef f(x):\n    y = x\n    return [i * y for i in range(R)]"),
    "a class with its base": ("B = object\nK = 1\nJ = 2\nself = slow()\nclass A(B):\n    k = K\n    def m(self):\n        return J", "A", "B = object\nK = 1\nJ = 2\nclass A(B):\n    k = K\n    def m(self):\n        return J"),
    "a global": ("def f():\n    global N\n    N += 1\nN = 0", "f", "*"),
    "changed afterwards": ("cfg = {}\ncfg['x'] = 1\ncfg.y = 2\nn = 1\nn += 1\nm = 1\nm += 1", "cfg n", "cfg = {}\ncfg['x'] = 1\ncfg.y = 2\nn = 1\nn += 1"),
    "one of several imports": ("import seaborn, torch as th, os.path\nfrom m import f, g", "th g", "import torch as th\nfrom m import g"),
    "all names of a module": ("from math import *\nK = 3", "K pi", "*"),
    "all names of a module, none of them": ("from math import *\nK = 3", "K", "K = 3"),
    "if and elif": ("if c:\n    d = 1\n    print(2)\nelif e:\n    d = 3\nelse:\n    f = 4\nc = e = 0", "d", "if c:\n    d = 1\nelif e:\n    d = 3\nc = e = 0"),
    "try": ("try:\n    import torch\nexcept ImportError:\n    print('no torch')\n    torch = None\nfinally:\n    plot()", "torch", "try:\n    import torch\nexcept ImportError:\n    torch = None"),
    "an import decides": ("try:\n    import google.colab\n    IN = True\nexcept ImportError:\n    IN = False\n    raise", "IN", "*"),
    "with": ("with no_grad() as t:\n    print(t)\n    W = eye(3)", "W", "with no_grad() as t:\n    W = eye(3)"),
    "as a program": ("if __name__ == '__main__':\n    K = 3\nelse:\n    J = 4", "K J", "if __name__ == '__main__':\n    pass\nelse:\n    J = 4"),
    "loops and calls": ("a = []\na.append(3)\nfor i in a:\n    b = i\nseed(0)\nwhile True:\n    pass", "a b", "a = []"),
}  # fmt: skip


@pytest.mark.parametrize("source, names, due", CASES.values(), ids=CASES)
def test_what_is_needed(source: str, names: str, due: str) -> None:
    found = needed(ast.parse(source).body, names.split())
    assert ast.unparse(ast.Module(list(found.runs), [])) == ast.unparse(ast.parse(source if due == "*" else due))


LEFT = {
    "a loop": ("for i in range(9):\n    a = i", "a", "loop"),
    "a loop that changes": ("a = []\nfor i in range(9):\n    a.append(i)", "a", "loop"),
    "a call": ("a = []\na.append(3)", "a", "call"),
    "as a program": ("if __name__ == '__main__':\n    a = 1", "a", "main"),
    "a call that only reads": ("a = [1]\nprint(a)\na.count(1)", "a", ""),
    "of no interest": ("for i in range(9):\n    b = i\nb.append(1)", "a", ""),
}


@pytest.mark.parametrize("source, name, why", LEFT.values(), ids=LEFT)
def test_what_is_left(source: str, name: str, why: str) -> None:
    left = [atom.why for atom in needed(ast.parse(source).body, [name]).left if name in atom.names]
    assert left == ([why] if why else [])


def test_deep_and_long_files() -> None:
    """Nothing is deep enough to end the reading, and a long file takes a time in proportion."""
    deep = "f = " + "(lambda: " * 60 + "K" + ")" * 60 + "\nK = 1\n"
    blocks = "".join(f"{' ' * i}if K:\n" for i in range(60)) + " " * 60 + "x = 1\n"
    long = "".join(f"v{i + 1} = v{i}\n" for i in range(20_000))
    found = needed(ast.parse(deep + blocks + long).body, ["f", "x", "v20000"])
    assert len(found.atoms) == 20_002
