"""`new --from`: every forward the contract allows becomes a solution that passes its own check; any other is refused by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_check.authoring.draft import draft
from backprop_check.authoring.examine import examine
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import Course, packaged_course
from backprop_check.submission.zygote import Zygote

HEAD = '"""A title.\n\nIts story.\n"""\n\nimport torch\n'

FORWARDS = {
    "a number, a mask, an index": (
        "def inputs(N=7, C=3):\n    return dict(x=torch.randn(N, C), Y=torch.randint(0, C, (N,)))\n",
        "def forward(x, Y):\n    n = x.shape[0]\n    k = int(n / 2) + 1\n    m = x > 0\n    h = torch.where(m, x, 0.1 * x)\n"
        "    p = h.log_softmax(1)\n    s = -p[range(n), Y].sum() / k\n    return s\n",
        ["m = x > 0                         # (N, C)", "k = int(n / 2) + 1\n", "dx = ", "dp = "],
    ),
    "constants": (
        "SCALE = 2 ** 0.5\nEPS = 1e-3\nIDX = torch.tensor([0, 2])\n\ndef inputs(N=5, C=3):\n    return dict(x=torch.randn(N, C), w=torch.randn(C))\n",
        "def forward(x, w):\n    y = SCALE * x + w * EPS\n    z = y[:, IDX]\n    return z\n",
        ["dx = SCALE * dy", "dw = EPS * dy.sum(0)", "z = y[:, IDX]                     # (N, 2)"],
    ),
    "comments and several lines": (
        "def inputs(N=5, C=3):\n    return dict(x=torch.randn(N, C), w=torch.randn(C))\n",
        'def forward(x, w):\n    """What it does."""\n    y = (\n        x * w  # inside\n        + x\n    )  # the sum\n    z = y * 2   # (N, C)\n    return z\n',
        ["    )                                 # (N, C)  the sum\n", "    z = y * 2   # (N, C)\n"],
    ),
    "SIZES and a helper below, and a backward of its own": (
        "def inputs(D=6, heads=3):\n    return dict(x=torch.randn(D, heads))\n",
        "def forward(x):\n    y = x.tanh()\n    z = y.view(-1, 2, 3)[:, 0] * SCALE\n    return z\n\n\ndef backward(x, y):\n    dx = 3\n\n\n"
        "SIZES = [dict(D=8, heads=3), dict(D=9, heads=2)]\nSCALE = 0.5\n\nprint('plots')\nfor i in range(3):\n    print(i)\n",
        ["SIZES = [dict(D=8", "SCALE = 0.5\n\n\ndef backward(x, y, z, dz):"],
    ),
    "no import of F": (
        "def inputs(N=5, C=3):\n    return dict(x=torch.randn(N, C), W=torch.randn(9, C), i=torch.randint(0, 9, (N,)))\n",
        "def forward(x, W, i):\n    e = torch.nn.functional.embedding(i, W)\n    y = x * e\n    return y\n",
        ["dW = "],
    ),
}


def as_course(folder: Path, solution: str) -> Course:
    for name, text in (("exercises", blank(solution)), ("solutions", solution)):
        (folder / name).mkdir()
        (folder / name / "ex70_draft.py").write_text(text)
    return Course(folder, folder / "exercises", folder / "solutions", packaged=False)


def drafted(folder: Path, text: str) -> str:
    path = folder / "forward.py"
    path.write_text(text)
    return draft(path)


@pytest.mark.parametrize("kind", FORWARDS)
def test_a_draft_passes_its_own_check(kind: str, tmp_path: Path, zygote: Zygote) -> None:
    inputs, forward, parts = FORWARDS[kind]
    solution = drafted(tmp_path, f"{HEAD}\n\n{inputs}\n\n{forward}")
    missing = [part for part in parts if part not in solution]
    assert not missing, solution
    assert "print" not in solution
    course = as_course(tmp_path, solution)
    (found,) = examine(course, course.files(), zygote)
    said = [str(finding) for finding in found.findings if "relation" not in str(finding) and "equal" not in str(finding)]
    assert not said, solution


@pytest.mark.parametrize("name", ["ex12_softmax.py", "ex13_mlp.py"])
def test_the_course_s_own_exercises_are_drafted(name: str, tmp_path: Path) -> None:
    exercise = (packaged_course().exercises / name).read_text()
    solution = drafted(tmp_path, exercise)
    assert "= ...\n" not in solution
    assert "def inputs" + exercise.split("def inputs")[1].split("def backward")[0] in blank(solution)


REFUSED = {
    "a, b = h": "tuple: write one line for each: `a = h[0]`, `b = h[1]`.",
    "y = torch.fft.fft(h)": "`y` is complex",
    "y = h.mul_(2)": "this line changes `h` in place",
    "y = torch.rand(3) * h.sum()": "draws random numbers",
    "dx = h * 2": "names both `x` and `dx`",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_no_forward_is_refused_by_its_line(line: str, tmp_path: Path) -> None:
    text = f"import torch\n\ndef inputs(N=5):\n    return dict(x=torch.randn(N))\n\n\ndef forward(x):\n    h = x.tanh()\n    {line}\n    z = h * 2\n    return z\n"
    with pytest.raises(BadInput) as caught:
        drafted(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'forward.py'}:9: ")
    assert REFUSED[line] in str(caught.value)


def test_a_forward_without_a_gradient_to_write(tmp_path: Path) -> None:
    head = "import torch\ndef inputs(N=5):\n    return dict(x=torch.randn(N))\n"
    with pytest.raises(BadInput, match="no gradient to write"):
        drafted(tmp_path, head + "def forward(x):\n    return x\n")
    with pytest.raises(BadInput, match="takes no argument"):
        drafted(tmp_path, "import torch\ndef inputs(N=5):\n    return {}\ndef forward():\n    y = torch.ones(3)\n    return y\n")


HELPER = "import math\nimport torch\n\ndef inputs(N=5, D=4):\n    return dict(x=torch.randn(N, D), w=torch.randn(D, D))\n\n\ndef lin(x, w):\n    return x @ w\n\n\n"
UNROLLED = {
    "a name bound twice": (
        "    h = lin(x, w)\n    h = torch.relu(h)\n    z = h.sum()\n",
        ["h_1 = x @ w ", "h = torch.relu(h_1) ", "dh_1 = (h_1 > 0) * dh "],
    ),
    "in place": ("    h = x @ w\n    h += 1\n    z = h.sum()\n", ["h = h_1 + 1 "]),
    "a loop and a size": (
        "    n = x.shape[0]\n    h = x\n    for k in range(2):\n        h = torch.tanh(h @ w)\n    z = (h ** 2).sum() / n / math.sqrt(3)\n",
        ["    n = x.shape[0]\n", "h_1 = torch.tanh(x @ w) ", "h = torch.tanh(h_1 @ w) ", "z = (h ** 2).sum() / n / math.sqrt(3) "],
    ),
    "a branch": ("    h = x @ w\n    if x.dim() == 2:\n        h = h.exp()\n    z = h.mean()\n", ["h = h_1.exp() "]),
    "writes into places": (
        "    h = torch.zeros(x.shape[0], w.shape[0])\n    hs = torch.zeros(x.shape[0], 2, w.shape[0])\n"
        "    for t in range(2):\n        h = torch.tanh(h @ w + x)\n        hs[:, t] = h\n    hs[hs < 0] = 0\n    z = hs.sum()\n",
        [
            "h_1 = torch.zeros(x.shape[0], w.shape[0]) ",
            "hs_1 = torch.stack([h_2, h], 1) ",
            "hs = hs_1.masked_fill(hs_1 < 0, 0) ",
            "dh = dhs_1[:, 1] ",
        ],
    ),
    "unpacking": ("    a, b = x @ w, w.exp()\n    z = a.sum() * b.sum()\n", ["a = x @ w ", "b = w.exp() "]),
}


@pytest.mark.parametrize("form", UNROLLED.values(), ids=UNROLLED)
def test_a_forward_that_is_no_straight_line_is_written_out(form: tuple[str, list[str]], tmp_path: Path) -> None:
    lines, due = form
    solution = drafted(tmp_path, f"{HELPER}def forward(x, w):\n{lines}    return z\n")
    assert "    # Unrolled from a forward that is no straight line: look whether" in solution
    assert all(part in solution for part in due), solution
    assert "= ...\n" not in solution


@pytest.mark.parametrize(
    "line", ["h = h + torch.zeros(5, 4)", "h[: x.argmax()] = 1", "h = h * torch.rand(1)", "c = float(h.sum())\n    h = h * c"]
)
def test_what_would_hold_for_some_numbers_only_is_not_written_out(line: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"forward\.py:1[45]: `h"):
        drafted(tmp_path, f"{HELPER}def forward(x, w):\n    h = x @ w\n    {line}\n    return h\n")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("", '"""Untitled: say its one idea in a line.\n\nTell the story in'),
        ('"""A title."""\n', '"""A title.\n\nTell the story in'),
        ('"""A title.\n\nIts story.\n"""\n', '"""A title.\n\nIts story.\n"""\n'),
        ("# -*- coding: utf-8 -*-\n", '# -*- coding: utf-8 -*-\n"""Untitled: say'),
        ("'A title.'\n", "'A title.'\n"),
    ],
)
def test_there_is_a_place_for_the_story(head: str, told: str, tmp_path: Path) -> None:
    forward = "import torch\n\n\ndef inputs(N=5):\n    return dict(x=torch.randn(N))\n\n\ndef forward(x):\n    h = x.tanh()\n    y = h * 2\n    return y\n"
    text = drafted(tmp_path, head + forward)
    assert text.startswith(told) and text.count("import torch\n") == 1 and "    dx = (1 - h**2) * dh" in text
    compile(text, "draft", "exec")
