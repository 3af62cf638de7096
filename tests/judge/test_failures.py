"""A statement that raises, hangs or ends the process costs its own targets only."""

from __future__ import annotations

import pytest
from asking import Judge
from graphs import MLP, MLP_RIGHT

AFTER = """
dW2 = h.T @ do                          # -> correct
dh = do @ W2.T                          # -> correct
dpre = (1 - h**2) * dh                  # -> correct
dx = dpre @ W1.T                        # -> correct
"""


@pytest.mark.parametrize(
    "bad",
    [
        "1 / 0",
        "o @ o",
        "torch.zeros(3)[7]",
        "undefined",
        "exit()",
        "quit(3)",
        "(_ for _ in ()).throw(KeyboardInterrupt)",
        "(_ for _ in ()).throw(GeneratorExit)",
        "(_ for _ in ()).throw(MemoryError)",
        "(_ for _ in ()).throw(type('Odd', (BaseException,), {'__str__': lambda self: 1 / 0})())",
        "(_ for _ in ()).throw(type('Odd', (Exception,), {'__str__': lambda self: 'x' * 10**7})())",
        "(lambda f: f(f))(lambda f: f(f))",
        "bytearray(10**15)",
        "torch.zeros(10**14)",
        "__import__('sys').exit()",
        "__import__('os').abort()",
        "__import__('os')._exit(0)",
        "__import__('os').kill(__import__('os').getpid(), 9)",
        "__import__('ctypes').string_at(0)",
        "__import__('signal').raise_signal(11)",
        "[__import__('sys').setrecursionlimit(10**9), (f := lambda: f())()]",
        "__import__('os').close([fd for fd in range(3, 30) if __import__('os').path.exists(f'/proc/self/fd/{fd}')][0]) or "
        "[__import__('os').closerange(3, 100), 2 * o / n][1]",
    ],
)
def test_what_raises_or_ends(ask: Judge, bad: str) -> None:
    ask.marks(MLP, f"do = {bad}  # -> do: error" + AFTER, time_limit=1)


def test_the_error_is_told_as_it_was(ask: Judge) -> None:
    judged = ask.marks(MLP, "do = o @ o  # -> error" + AFTER)
    raised = judged.verdicts["do"].answer.raised
    assert raised is not None and judged.submission is not None
    assert raised.kind == "RuntimeError"
    assert "mat1 and mat2 shapes cannot be multiplied" in raised.message
    assert judged.submission.statements[raised.statement].source == "do = o @ o"
    assert raised.span is not None
    line, start, end_line, end = raised.span
    assert line == end_line and judged.submission.lines[line - 1][start:end] == "o @ o"


@pytest.mark.parametrize(
    "hang",
    ["while True: pass", "import time; time.sleep(60)", "import time\ntry:\n    time.sleep(60)\nexcept BaseException:\n    time.sleep(60)"],
)
def test_a_hang_without_a_target(ask: Judge, hang: str) -> None:
    ask.marks(MLP, f"do = 2 * o / n  # -> correct\n{hang}{AFTER}", time_limit=0.5)


def test_a_hang_in_a_target(ask: Judge) -> None:
    judged = ask.marks(
        MLP,
        """
        do = 2 * o / n                          # -> correct
        dW2 = torch.zeros_like(W2)
        while True:
            dW2 += 0
        # -> dW2: error
        dh = do @ W2.T                          # -> correct
        dpre = (1 - h**2) * dh                  # -> correct
        """,
        time_limit=0.5,
    )
    raised = judged.verdicts["dW2"].answer.raised
    assert raised is not None and raised.kind == "TimeoutError" and "0.5 s" in raised.message


def test_two_hangs_and_an_end(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        import os, time
        do = time.sleep(9)                      # -> error
        dW2 = os._exit(1)                       # -> error
        dh = do @ W2.T                          # -> correct
        dpre = time.sleep(9)                    # -> error
        db1 = dpre.sum(0)                       # -> correct
        """,
        time_limit=0.5,
    )


def test_ends_only_at_other_sizes(ask: Judge) -> None:
    """Right at the nominal sizes, ends or hangs elsewhere: a hard-coded size at best, never correct."""
    judged = ask.body(MLP, "import os, time\ndo = 2 * o / n if n == 6 else os._exit(0)\ndW2 = h.T @ do\n")
    assert judged.said("dW2") == "correct"
    assert judged.verdicts["do"].status in ("incorrect", "error")
    judged = ask.body(MLP, "import os, time\ndo = 2 * o / n if n == 6 else time.sleep(9)\ndW2 = h.T @ do\n", time_limit=0.5)
    assert judged.said("dW2") == "correct"
    assert judged.verdicts["do"].status in ("incorrect", "error")


def test_a_time_limit_is_for_each_statement(ask: Judge) -> None:
    body = "import time\n" + "".join(f"time.sleep(0.12)\n{line}  # -> correct\n" for line in MLP_RIGHT.splitlines()[1:5])
    ask.marks(MLP, body, time_limit=0.4)


def test_threads_left_behind(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        import threading, time
        threading.Thread(target=time.sleep, args=(30,)).start()
        do = 2 * o / n                          # -> correct
        """,
    )


def test_children_left_behind(ask: Judge) -> None:
    ask.marks(MLP, "import subprocess\nsubprocess.Popen(['sleep', '30'])\ndo = 2 * o / n  # -> correct")


def test_a_prelude_that_hangs(ask: Judge) -> None:
    """It is named, with its line; what does not need it is judged."""
    judged = ask.marks(
        MLP,
        "do = 2 * o / n  # -> correct\ndW2 = Slow.rule(h, do)  # -> error",
        "class Slow:\n    while True:\n        pass",
        time_limit=0.5,
    )
    assert [line for line, _ in judged.trouble] == [5] and "0.5 s" in judged.trouble[0][1]


def test_a_prelude_that_ends_the_process(ask: Judge) -> None:
    judged = ask.marks(
        MLP, "do = 2 * o / n  # -> correct\ndW2 = helper()  # -> error", "def helper(x=__import__('os')._exit(0)):\n    pass"
    )
    assert [line for line, _ in judged.trouble] == [5] and "ended" in judged.trouble[0][1]


def test_a_prelude_that_raises(ask: Judge) -> None:
    prelude = """
    import matplotlib_that_is_not_installed.pyplot as plt
    from nowhere import something
    import seaborn_not_there
    class Broken:
        1 / 0
    def exits(x=exit()):
        pass
    SCALE = 2
    def twice(g):
        return SCALE * g
    """
    judged = ask.marks(
        MLP,
        """
        do = twice(o) / n                       # -> correct
        dW2 = plt.grad(h, do)                   # -> error
        dh = something(seaborn_not_there, do)   # -> error
        dpre = Broken.rule(h, exits())          # -> error
        dx = dpre @ W1.T                        # -> correct
        """,
        prelude,
    )
    assert [line for line, _ in judged.trouble] == [5, 6, 7, 8, 10]
    assert "ModuleNotFoundError" in judged.trouble[0][1]


def test_a_generator_or_coroutine_is_no_backward(ask: Judge) -> None:
    judged = ask.body(MLP, MLP_RIGHT + "\nyield 1")
    assert judged.message is not None or {v.status for v in judged.verdicts.values()} <= {"missing", "error", "correct"}


def test_globals_and_odd_names(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        list = str = 1
        do = 2 * o / n                          # -> correct
        Exception = ValueError = None
        dW2 = h.T @ do                          # -> correct
        torch = None
        dh = do @ W2.T                          # -> correct
        dpre = torch.zeros(3)                   # -> error
        """,
    )


def test_a_learner_may_use_the_name_locals(ask: Judge) -> None:
    ask.marks(MLP, "locals = [1]\ndo = 2 * o / n  # -> correct\ndW2 = h.T @ do  # -> correct")


def test_the_names_the_guard_itself_needs(ask: Judge) -> None:
    """Nobody writes this by mistake; it must not pass for right what is wrong."""
    judged = ask.body(MLP, "BaseException = NameError = None\ndo = 3 * o\ndW2 = 1 / 0")
    assert not any(v.status == "correct" for v in judged.verdicts.values())


def test_random_numbers_and_threads_do_not_matter(ask: Judge) -> None:
    ask.marks(
        MLP, "torch.manual_seed(0)\ntorch.set_num_threads(2)\ndo = 2 * o / n  # -> correct\ndW2 = torch.randn(W2.shape)  # -> incorrect"
    )


def test_the_default_dtype_changed_by_the_learner(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        torch.set_default_dtype(torch.float32)
        do = 2 * o / n                          # -> correct
        dW2 = h.T @ do                          # -> correct
        dh = torch.zeros(h.shape)               # -> incorrect
        """,
    )
