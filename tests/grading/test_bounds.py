"""What one submission or student can take of the batch: memory, time and words, each bounded; and what is the same for everybody."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from classroom import HEAD, RIGHT, SECRET, SOLUTION, below, setup, task

from backprop_check.code_cells import NotANotebook, code_cells
from backprop_check.comparison.standing import may_vary
from backprop_check.exercise.course import means
from backprop_check.exercise.parse import parse_exercise
from backprop_check.files import LARGEST
from backprop_check.grading import archive, folder, pages
from backprop_check.grading.bench import submission_of
from backprop_check.grading.found import find, reading
from backprop_check.grading.pages import Pages
from backprop_check.grading.pool import Pool
from backprop_check.grading.store import opened
from backprop_check.submission.digest import code_digest, told

ATTACKS = Path(__file__).parents[1] / "attacks" / "attacks"
PICTURE = '{"output_type": "display_data", "data": {"image/png": "%s"}, "metadata": {}}'
LUCK = {
    "hash": "hash('abc') % 997",
    "address": "(id(torch) >> 4) % 997",
    "random": "random.random()",
    "numpy": "float(np.random.default_rng().random() + np.random.rand())",
    "torch": "float(torch.rand(1)) + torch.seed() % 997",
    "entropy": "random.SystemRandom().randrange(997) + random.Random().random()",
    "clock": "time.time_ns() % 997 + time.perf_counter()",
    "other clocks": "time.clock_gettime_ns(0) % 997 + sum(torch.sys.modules['os'].times()) + sum(torch.sys.modules['os'].getloadavg())",
    "set": "float(list({'a', 'b', 'c', 'd', 'e'}).index('a'))",
}


def luck(value: str) -> str:
    head = f"import random\nimport time\nimport numpy as np\n\n\ndef drawn(at=[{value}]):\n    return at[0]\n\n\n"
    return f"import torch\n{head}{HEAD[14:]}    dact = torch.full_like(act, drawn())\n    dprobs = torch.full_like(act, {value})\n"


def notebook(*cells: str, outputs: str = "") -> str:
    told = (f'{{"outputs": [{outputs}], "source": {json.dumps(cell)}, "cell_type": "code", "execution_count": 3}}' for cell in cells)
    return f'{{"metadata": {{"a": [1, {{"cells": []}}]}}, "cells": [{", ".join(told)}, {{"cell_type": "markdown", "source": "x"}}], "nbformat": 4}}'


def test_luck_is_the_same_every_time(pool: Pool, own_nursery: None) -> None:
    """In judges of another start, whatever the code draws from: the answers, and so the words of them, are the same."""
    with Pool(setup(time_limit=4.0, searching=6000), 1) as other:
        told = [{r.submission: r.report for r in judges.judged([task(luck(v), n) for n, v in LUCK.items()])} for judges in (pool, other)]
    assert told[0] == told[1]


def test_the_date_is_the_same_every_day(pool: Pool) -> None:
    text = RIGHT.replace("import torch", "import time\nimport torch").replace("torch.ones_like(act)", "torch.ones_like(act) * told()")
    (result,) = pool.judged([task(text + "\n\ndef told():\n    return time.strftime('%Y') == time.asctime()[-4:] == '2023'\n")])
    assert result.report["status"] == "passed", result.report


def test_what_varies_all_the_same_is_told(pool: Pool) -> None:
    text = f"{HEAD}    dact = torch.ones_like(act) * (1 + 1e-7 * torch.sys.modules['os'].getpid())\n    dprobs = (1 - act**2) * dact\n"
    (result,) = pool.judged([task(text)])
    dact, dprobs = result.report["gradients"][:2]
    assert [d["code"] for d in dact["diagnoses"]] == ["not-deterministic"] and dprobs["status"] == "correct"


def test_words_tell_nothing_of_the_secret(pool: Pool) -> None:
    """Two secrets, the same words: what is shown is of trials that are the same for everybody. So is what the code itself says."""
    texts = [
        SOLUTION.replace("(1 - act**2)", "(1 - act**3)"),
        f"{HEAD}    raise ValueError(str(act.tolist()))\n    dact = {{}}[act]\n",
        SOLUTION,
    ]
    with Pool(setup(secret=SECRET[::-1], time_limit=4.0, searching=6000), 1) as other:
        told = [
            {r.submission: r.report for r in judges.judged(task(t, f"{n}.py") for n, t in enumerate(texts))} for judges in (pool, other)
        ]
    assert told[0] == told[1]
    assert told[0]["0.py"]["gradients"][1]["max_abs_diff"] and told[0]["2.py"]["score"] == 4.0


def test_a_worker_gets_no_comments() -> None:
    exercise = parse_exercise(Path("ex05_broadcast.py"), setup().exercises["ex05"][1])
    commented = RIGHT.replace("\n    d", "  # T 0 dact AAAA\n    # A 1\n    d").replace("def backward(", "def backward(  # here\n")
    plain = commented.replace("  # T 0 dact AAAA", "").replace("    # A 1", "").replace("  # here", "")
    one, other = (submission_of(task(text), exercise) for text in (commented, plain))
    assert told(one) == told(other) and code_digest(one) == code_digest(other) and "#" not in json.dumps(told(one))
    kept = submission_of(task(HEAD + "    dact = '# no comment'  # one\n"), exercise)
    assert told(kept)["body"].endswith("    dact = '# no comment'\n")
    assert code_digest(kept) != code_digest(submission_of(task(HEAD + "    dact = '# no  comment'\n"), exercise))
    assert not may_vary(one) and may_vary(submission_of(task(luck("id(torch)")), exercise))


def test_a_judge_keeps_no_more_than_can_be_right(pool: Pool) -> None:
    def peak() -> int:
        judge = next(pid for depth, pid in below(os.getpid()) if depth == 2)
        return int((Path("/proc") / str(judge) / "status").read_text().split("VmHWM:")[1].split()[0]) // 1024

    list(pool.judged([task(RIGHT)]))
    before = peak()
    large = (ATTACKS / "eat_large_answers.py").read_text()
    real = large.replace(", dtype=torch.complex128", "")
    names = ("large.py", "real.py", "unknown.py", "early.py")
    texts = (large, real, (ATTACKS / "forge_unknown_names.py").read_text(), (ATTACKS / "forge_many_early.py").read_text())
    results = {r.submission: r for r in pool.judged(map(task, texts, names))}
    assert peak() - before < 150, "megabytes"
    assert {r.score for r in results.values()} == {0.0}
    assert [results[name].outcome for name in names] == ["judged", "judged", "refused", "refused"]
    for name in names[:2]:
        for gradient in results[name].report["gradients"]:
            assert gradient["got_shape"] == [2048, 2048]
            assert "(2048, 2048)" in str([(d["error"], d["note"]) for d in gradient["diagnoses"]])


def test_a_student_pays_for_what_hangs_and_nobody_else() -> None:
    hanging = HEAD + "    while True:\n        pass\n"
    mine = {f"ada/{n}.py": hanging for n in range(5)} | {"ada/right.py": RIGHT}
    with Pool(setup(time_limit=0.4), 2) as pool:
        given = [task(text, name) for name, text in mine.items()] + [task(RIGHT, "bob/right.py")]
        results = {r.submission: r for r in pool.judged([type(t)(**{**vars(t), "student": t.submission[:3]}) for t in given])}
        known = [type(given[5])(**{**vars(given[5]), "slow": 2})]
        (again,) = pool.judged(known)
    assert [bool(results[f"ada/{n}.py"].digest) for n in range(5)] == [True, True, False, False, False]
    assert results["ada/right.py"].outcome == again.outcome == "timeout" and "2 other files" in results["ada/right.py"].report["message"]
    assert results["bob/right.py"].score == 4.0


def test_the_files_of_a_student_have_their_time_together(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_check.grading.pool.MOST", 0.0)
    given = [replace(task(RIGHT, f"{n}.py"), student=student) for student in ("ada", "bob") for n in range(20)]
    results = [*pool.judged(given)]
    run = Counter(r.student for r in results if r.outcome == "judged" and r.score == 4 and r.digest)
    left = [
        r for r in results if r.outcome == "timeout" and not r.digest and "your other files took more than 0 minutes" in r.report["message"]
    ]
    assert run.keys() == {"ada", "bob"} and run.total() + len(left) == len(results) == 40 and len(left) > 20


def test_a_text_that_python_is_slow_to_read_is_read_once() -> None:
    """In one call, in which nothing can be raised: it ends the judge, and the line is final."""
    slow = "a" + "\u0301\u0316" * 400_000 + " = 1\n" + SOLUTION
    with Pool(setup(time_limit=0.5), 1) as own:
        first, second = own.judged([task(slow, "slow.py"), task(RIGHT, "right.py")])
    assert (first.outcome, bool(first.digest)) == ("timeout", True) and "to read" in first.report["message"]
    assert second.score == 4.0


def test_torch_says_itself_what_it_raised(pool: Pool) -> None:
    (result,) = pool.judged([task(RIGHT.replace("torch.ones_like(act)", "torch.ones_like(act).cuda()"))])
    (diagnosis,) = result.report["gradients"][0]["diagnoses"]
    assert any(word in diagnosis["error"] for word in ("CUDA", "NVIDIA")) and "imported" not in diagnosis["error"]
    assert result.score == 3.0


def test_a_notebook_is_read_for_its_code(tmp_path: Path) -> None:
    """However large its outputs are, by whatever way it is had; a page shows its line."""
    large = notebook("import torch\n", "plot()", RIGHT, outputs=PICTURE % ("iVBORw0KGgo\\/" * 200_000))
    assert len(large) > 3 * LARGEST
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "ex05.ipynb").write_text(large)
    (found,) = find(tmp_path / "class", "ex05", {"ex05": "ex05_broadcast"})
    with reading(tmp_path / "class") as read:
        data = read(found)
    assert not found.trouble and len(data) < 5000
    cells = json.loads(data)["cells"]
    assert [cell["source"] for cell in cells] == ["import torch\n", "plot()", RIGHT]
    with pytest.raises(NotANotebook, match="whole"):
        code_cells(io.BytesIO(large[:-20_000].encode()).read, LARGEST)
    with pytest.raises(NotANotebook, match="too much code"):
        code_cells(io.BytesIO(notebook("x = 1\n" * 400_000).encode()).read, LARGEST)


def test_no_picture_is_held() -> None:
    def pieces() -> Iterator[bytes]:
        head, tail = notebook(RIGHT, outputs=PICTURE % "PICTURE").encode().split(b"PICTURE")
        yield head
        for _ in range(64):
            yield b"QUJD" * (1 << 18)
        yield tail

    given = pieces()
    tracemalloc.start()
    try:
        assert b"def backward" in code_cells(lambda size: next(given, b""), LARGEST)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_who_hands_in_too_many_folders_pays_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ada", "bob"):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "ex05.py").write_text(RIGHT)
    for n in range(40):
        (tmp_path / "class" / "ada" / "node" / str(n)).mkdir(parents=True)
    monkeypatch.setattr(folder, "ITEMS_LIMIT", 30)
    found = {each.student: each.trouble for each in find(tmp_path / "class", "ex05", {"ex05": "ex05_broadcast"})}
    assert found["bob"] == "" and "ada" in found
    assert archive.fattest({("ada",): 90, ("ada", "x"): 30, ("bob",): 10}, 100) == ("ada",)
    assert archive.fattest({("ada",): 40, ("bob",): 40}, 100) == ()


def test_a_statement_as_long_as_a_file_is_quoted_in_part(pool: Pool) -> None:
    (result,) = pool.judged([task(SOLUTION.replace("torch.ones_like(act)", f"act + len('{'x' * 500_000}')"))])
    (dact, *others) = result.report["gradients"]
    assert dact["status"] == "incorrect" and all(other["status"] == "correct" for other in others)
    assert dact["source"].startswith("dact = act + len('xxx") and dact["source"].endswith("x…") and len(result.as_line()) < 20_000


def test_a_page_that_fails_costs_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: Pool) -> None:
    (result,) = pool.judged([task(SOLUTION.replace("(1 - act**2)", "(1 - act**3)"))])

    def html(student: str, parts: list[pages.Part]) -> str:
        if any(g["diagnoses"] for part in parts for g in part.result.report["gradients"]):
            raise ValueError("a mistake of ours")
        return "made"

    monkeypatch.setattr(pages, "html", html)
    with opened(tmp_path, fresh=False) as store:
        Pages(store, lambda _: RIGHT.encode(), [(result.student, result.submission)]).done(result)
    assert (tmp_path / "feedback" / "ada.html").read_text() == "made"
    assert not means("9" * 5000, "ex05") and means("5", "ex05")
