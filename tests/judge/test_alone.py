"""Every target is judged alone, in whatever form its answer is written."""

from __future__ import annotations

from asking import Judge, marked
from graphs import EMBEDDED, MLP, MLP_RIGHT, NORMED, RESIDUAL, SCALED, SOFTMAX


def changed(judged, name: str) -> set[str]:  # type: ignore[no-untyped-def]
    """Sources of the statements that changed a forward value, over all runs of a target's verdict."""
    runs = judged.verdicts[name].runs
    statements = judged.submission.statements
    return {statements[index].source for run in runs for _, index in run.changed}


def test_each_wrong_target_costs_itself_only(ask: Judge) -> None:
    right = [line for line in MLP_RIGHT.splitlines() if line]
    for wrong, mistakes in (
        (0, ("({}) * 2", "({})[0]", "nothing", "...")),
        (2, ("None", "nothing", "torch.zeros(0)", "'no'")),
        (6, ("...", "-({})")),
    ):
        for mistake in mistakes:
            lines = []
            for i, line in enumerate(right):
                name, expression = line.split(" = ", 1)
                lines.append(f"{name} = {mistake.format(expression)}" if i == wrong else line)
            judged = ask.body(MLP, "\n".join(lines))
            states = [verdict.status for verdict in judged.verdicts.values()]
            expected = {"nothing": "error", "...": "missing"}.get(mistake, "incorrect")
            assert states == ["correct"] * wrong + [expected] + ["correct"] * (len(right) - wrong - 1), lines


def test_each_target_can_be_the_only_one_written(ask: Judge) -> None:
    for line in filter(None, MLP_RIGHT.splitlines()):
        ask.marks(MLP, line + "  # -> correct")


def test_nothing_written(ask: Judge) -> None:
    ask.marks(MLP, "pass")
    ask.marks(MLP, '"""Only a docstring."""')
    ask.marks(MLP, "return")
    ask.marks(MLP, "...")
    ask.marks(MLP, "do = dW2 = dh = dpre = ...")
    ask.marks(MLP, "do, dW2 = ..., ...")


def test_all_wrong_all_named(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        do = o / n           # -> incorrect
        dW2 = do.T @ h       # -> incorrect
        dh = do @ W2         # -> error
        dpre = (1 - h) * dh  # -> incorrect
        dW1 = x.T @ dpre     # -> correct
        db1 = dpre.sum(1)    # -> incorrect
        dx = dpre @ W1       # -> error
        """,
    )


def test_several_statements(ask: Judge) -> None:
    ask.marks(
        RESIDUAL,
        """
        dy = 2 * y
        dy = dy * v
        dy *= torch.ones_like(y)     # -> correct
        dv = y
        dv = dv * dv                 # -> correct
        dt = torch.empty_like(t)
        dt[:] = dy                   # -> correct
        slope = 1 - t * t
        dr = dt.clone()
        dr.mul_(slope)               # -> correct
        dW = 0
        for row, grow in zip(x, dr):
            dW = dW + torch.outer(row, grow)
        # -> dW: correct
        dx = dr @ W.T
        dx = dy + dx                 # -> correct
        """,
    )


def test_a_wrong_last_statement_is_wrong(ask: Judge) -> None:
    ask.table(
        RESIDUAL,
        """
        dx = dy; dx = dr @ W.T                                  # -> incorrect
        dx = dy + dr @ W.T; dx = dy                             # -> incorrect
        dx = dy.clone(); dx += dr @ W.T                         # -> correct
        dx = dy.clone(); dx += dr @ W.T; dx += dr @ W.T         # -> incorrect
        dx = dy.clone(); dx += dr @ W.T; dx -= dy               # -> incorrect
        dx = torch.zeros_like(x); dx += dy; dx += dr @ W.T      # -> correct
        dx = 0; dx += dy; dx += dr @ W.T                        # -> correct
        dx = 0; dx = dx + dy; dx = dx + dr @ W.T                # -> correct
        dx = dy + dr @ W.T; dx.neg_(); dx.neg_()                # -> correct
        dx = dy + dr @ W.T; dx.neg_()                           # -> incorrect
        dx += dy                                                # -> error
        dx: torch.Tensor = dy + dr @ W.T                        # -> correct
        dx: torch.Tensor                                        # -> missing
        """,
    )


def test_a_target_used_before_its_second_addend(ask: Judge) -> None:
    ask.marks(
        SOFTMAX,
        """
        dc = inv * dp
        dnorm = c * dc                        # -> incorrect
        dc += dcs                             # -> correct
        dm = -dnorm.sum(1, keepdim=True)      # -> correct
        """,
    )
    ask.marks(
        NORMED,
        """
        ddiff = inv * draw
        dmean = -ddiff.sum(0, keepdim=True)   # -> correct
        ddiff += 2 * diff * ddiff2            # -> correct
        dpre = ddiff + dmean / n              # -> correct
        """,
    )
    ask.marks(
        NORMED,
        """
        ddiff = inv * draw
        ddiff += 2 * diff * ddiff2            # -> correct
        dmean = -ddiff.sum(0, keepdim=True)   # -> correct
        """,
    )
    ask.marks(
        NORMED,
        """
        ddiff = inv * draw
        dpre = ddiff.clone()
        ddiff = ddiff + 2 * diff * ddiff2     # -> correct
        dpre += 2 * diff * ddiff2
        dmean = -ddiff.sum(0, keepdim=True)   # -> correct
        dpre += dmean / n                     # -> correct
        """,
    )


def test_a_loop_that_writes_two_targets(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        do = 2 * o / n                       # -> correct
        dW2, dh = torch.zeros_like(W2), torch.zeros_like(h)
        for i in range(n):
            dW2 += torch.outer(h[i], do[i])  # -> correct
            dh[i] = W2 @ do[i]               # -> correct
        dpre = (1 - h**2) * dh               # -> correct
        """,
    )
    ask.marks(
        MLP,
        """
        dW2, dh = torch.zeros_like(W2), torch.zeros_like(h)
        for i in range(n):
            dW2 += torch.outer(h[i], do[i])  # -> correct
            dh[i] = do[i].sum()              # -> incorrect
        dpre = (1 - h**2) * dh               # -> correct
        """,
    )


def test_other_blocks(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        if n > 1:
            do = 2 * o / n
        else:
            do = 2 * o
        # -> do: correct
        try:
            dW2 = h @ do
        except RuntimeError:
            dW2 = h.T @ do
        # -> dW2: correct
        i, dh = 0, torch.empty_like(h)
        while True:
            if i == n:
                break
            dh[i] = do[i] @ W2.T
            i += 1
        # -> dh: correct
        match h.dim():
            case 2:
                dpre = (1 - h**2) * dh
            case _:
                dpre = None
        # -> dpre: correct
        with torch.no_grad():
            with torch.no_grad():
                dW1 = x.T @ dpre                # -> correct
            db1 = dpre.sum(1)                   # -> incorrect
        dx = dpre @ W1.T                        # -> correct
        """,
    )


def test_no_grad_around_everything(ask: Judge) -> None:
    body = "with torch.no_grad():\n" + "".join(f"    {line}  # -> correct\n" for line in MLP_RIGHT.splitlines() if line)
    ask.marks(MLP, body)
    ask.marks(MLP, body.replace("torch.no_grad()", "torch.inference_mode()"))
    ask.marks(MLP, body.replace("torch.no_grad()", "torch.set_grad_enabled(False)"))
    ask.marks(MLP, body.replace("do @ W2.T  # -> correct", "do @ W2  # -> error"))


def test_a_with_that_cannot_be_entered(ask: Judge) -> None:
    judged = ask.body(MLP, "with nothing:\n    do = 2 * o / n\ndW2 = h.T @ do")
    assert judged.said("dW2") == "correct"
    assert judged.said("do") == "error"


def test_functions_closures_and_scopes(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        def mean(g):
            return g / n
        do = mean(2 * o)                                        # -> correct
        def outer():
            return h.T @ do
        dW2 = outer()                                           # -> correct
        back = lambda g, W=W2: g @ W.T
        dh = back(do)                                           # -> correct
        class Tanh:
            def __init__(self, out):
                self.out = out
            def backward(self, g):
                return (1 - self.out**2) * g
        dpre = Tanh(h).backward(dh)                             # -> correct
        dW1 = sum([torch.outer(x[i], dpre[i]) for i in range(n)])   # -> correct
        db1 = torch.stack([(total := dpre[:, j].sum()) for j in range(dpre.shape[1])])  # -> correct
        dx = torch.stack([row for row in (g @ W1.T for g in dpre)])     # -> correct
        """,
    )


def test_a_closure_sees_the_oracle_value_of_a_wrong_target(ask: Judge) -> None:
    """A function made before the target is replaced reads the name when it is called: the replaced one."""
    ask.marks(
        MLP,
        """
        def weight():
            return h.T @ do
        do = 3 * o                      # -> incorrect
        dW2 = weight()                  # -> correct
        dh = [do @ W2.T for _ in '1'][0]    # -> correct
        """,
    )


def test_nonlocal_writes(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        do = None
        def fill():
            nonlocal do
            do = 2 * o / n
        fill()
        dW2 = h.T @ do                  # -> correct
        # -> do: correct
        """,
    )


def test_comprehension_names_are_not_the_targets(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        do = 2 * o / n                              # -> correct
        rows = [do for do in o]
        dW2 = h.T @ do                              # -> correct
        cols = {dW2: 1 for dW2 in range(3)}
        f = lambda do: do + 1
        dh = f(do) @ W2.T - torch.ones_like(do) @ W2.T  # -> correct
        """,
    )


def test_walrus(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        dW2 = h.T @ (do := 2 * o / n)               # -> correct
        # -> do: correct
        print(dh := do @ W2.T)                      # -> correct
        if (dpre := (1 - h**2) * dh) is not None:   # -> correct
            pass
        """,
    )


def test_return_early_and_late(ask: Judge) -> None:
    ask.marks(MLP, "do = 2 * o / n  # -> correct\nreturn do\ndW2 = h.T @ do  # -> correct")
    ask.marks(MLP, "do = 2 * o / n  # -> correct\ndW2 = h.T @ do  # -> correct\nreturn do, dW2")
    ask.marks(MLP, "do = 2 * o / n  # -> correct\nif n:\n    return do\ndW2 = h.T @ do  # -> correct")
    ask.marks(MLP, "with torch.no_grad():\n    do = 2 * o / n  # -> correct\n    return do")
    ask.marks(MLP, "for i in range(3):\n    do = 2 * o / n  # -> correct\n    if i:\n        return do")
    ask.marks(MLP, "do = 2 * o / n  # -> correct\nreturn nothing\n")
    ask.marks(MLP, "try:\n    do = 2 * o / n  # -> correct\n    return do\nfinally:\n    dW2 = h.T @ (2 * o / n)  # -> correct")


def test_no_remark_for_what_one_statement_computes_twice(ask: Judge) -> None:
    """Gradients read before the oracle's value could take their place cannot be perturbed."""
    ask.marks(MLP, "try:\n    do = 2 * o / n  # -> correct\n    return do\nfinally:\n    dW2 = h.T @ do  # -> correct")
    ask.marks(MLP, "for _ in '1':\n    do = 2 * o / n  # -> correct\n    dh = do @ W2.T  # -> correct")
    ask.marks(MLP, "if True:\n    do = 2 * o / n  # -> correct\n    dh = do @ W2.T  # -> correct")
    ask.marks(MLP, "dh = (do := 2 * o / n) @ W2.T  # -> correct  # -> do: correct")


def test_tuples_chains_and_unpacking(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        do, dW2 = 2 * o / n, h.T @ (2 * o / n)          # -> do: correct  # -> dW2: correct
        (dh, dpre), *rest = (do @ W2.T, None), 1, 2     # -> dh: correct  # -> dpre: incorrect
        [dW1, db1] = [x.T @ dpre, dpre.sum(0)]          # -> dW1: correct  # -> db1: correct
        dx = grad_x = dpre @ W1.T                       # -> correct
        """,
    )
    ask.marks(
        RESIDUAL,
        """
        dt = dy = 2 * y * v             # -> dt: correct  # -> dy: correct
        dx = dr = (1 - t**2) * dt       # -> dr: correct  # -> dx: incorrect
        dW = x.T @ dr                   # -> correct
        """,
    )


def test_unpacking_that_fails_costs_both(ask: Judge) -> None:
    ask.marks(MLP, "do, dW2 = 2 * o / n  # -> do: error  # -> dW2: error\ndh = do @ W2.T  # -> correct")


def test_aliased(ask: Judge) -> None:
    """Design, section 3: right when it was written, changed later through another name."""
    judged = ask.marks(
        RESIDUAL,
        """
        dy = 2 * y * v          # -> incorrect aliased
        dr = (1 - t**2) * dt    # -> error
        dx = dy
        dx += dr @ W.T          # -> correct
        dv = y * y              # -> correct
        """.replace("# -> error", "# -> correct").replace("dr = (1 - t**2) * dt", "dr = (1 - t**2) * dy"),
    )
    answer = judged.verdicts["dy"].answer
    assert judged.submission is not None and answer.statement is not None and answer.early is not None
    assert judged.submission.statements[answer.statement].source == "dx += dr @ W.T"
    ask.marks(
        RESIDUAL,
        """
        dy = 2 * y * v          # -> correct
        dt = dy.clone()         # -> correct
        dr = (1 - t**2) * dt    # -> correct
        dx = dy.clone()
        dx += dr @ W.T          # -> correct
        """,
    )
    ask.marks(
        RESIDUAL,
        """
        dy = 2 * y * v          # -> correct
        dt = dy                 # -> correct
        dr = (1 - t**2) * dt    # -> correct
        dx = dy
        dx = dx + dr @ W.T      # -> correct
        """,
    )


def test_a_second_name_for_a_target_that_raised(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        dh = do @ W2        # -> error
        dpre = dh
        dpre *= 1 - h**2    # -> correct
        """,
    )


def test_aliased_through_a_view(ask: Judge) -> None:
    ask.marks(
        RESIDUAL,
        """
        dy = 2 * y * v          # -> incorrect aliased
        flat = dy.view(-1)
        dr = (1 - t**2) * dy    # -> correct
        dx = flat
        dx += (dr @ W.T).view(-1)   # -> incorrect
        """,
    )
    ask.marks(
        RESIDUAL,
        """
        dy = 2 * y * v          # -> incorrect aliased
        dr = (1 - t**2) * dy    # -> correct
        helper = dy[0]
        helper.zero_()
        dx = dy + dr @ W.T      # -> correct
        """,
    )


def test_a_wrong_target_changed_later_does_not_spoil_the_next(ask: Judge) -> None:
    ask.marks(
        RESIDUAL,
        """
        dy = y * v              # -> incorrect
        dr = (1 - t**2) * dy    # -> correct
        dx = dy
        dx += dr @ W.T          # -> correct
        dW = x.T @ dr           # -> correct
        """,
    )


def test_a_wrong_target_and_its_alias(ask: Judge) -> None:
    """A name bound to the tensor that is replaced follows it; one bound to a tensor computed from it keeps the learner's value."""
    ask.marks(
        MLP,
        """
        g = 3 * o
        do = g                      # -> incorrect
        dW2 = h.T @ g               # -> correct
        dh = g @ W2.T               # -> correct
        """,
    )
    ask.marks(
        MLP,
        """
        do = 3 * o                  # -> incorrect
        g = do
        dW2 = h.T @ g               # -> correct
        """,
    )
    ask.marks(
        MLP,
        """
        g = 3 * o
        do = g + 0                  # -> incorrect
        dW2 = h.T @ g               # -> incorrect
        dh = do @ W2.T              # -> correct
        """,
    )


def test_one_target_is_the_alias_of_another(ask: Judge) -> None:
    ask.marks(
        RESIDUAL,
        """
        dy = 2 * v * y              # -> correct
        dt = dy                     # -> correct
        skip = dt
        dr = (1 - t**2) * skip      # -> correct
        dx = skip + dr @ W.T        # -> correct
        """,
    )
    ask.marks(
        RESIDUAL,
        """
        dt = v * y                  # -> incorrect
        dy = dt                     # -> correct
        dr = (1 - t**2) * dy        # -> correct
        """,
    )


def test_filling_through_views_and_buffers(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        do = torch.zeros_like(o)
        flat = do.view(-1)
        for i in range(o.numel()):
            flat[i] = 2 * o.reshape(-1)[i] / n
        # -> do: correct
        dW2 = torch.zeros_like(W2)
        torch.mm(h.T, do, out=dW2)              # -> dW2: correct
        dh = torch.empty_like(h)
        rows = dh.unbind(0)
        for row, g in zip(rows, do):
            row.copy_(W2 @ g)
        # -> dh: correct
        dpre = torch.empty_like(pre)
        dpre.data[...] = (1 - h**2) * dh        # -> correct
        dW1 = torch.zeros_like(W1)
        corner = dW1[:2]
        dW1.addmm_(x.T, dpre)                   # -> correct
        db1 = torch.zeros_like(b1)
        db1.index_add_(0, torch.arange(len(b1)).repeat(n), dpre.reshape(-1))    # -> correct
        dx = torch.zeros_like(x)
        for k in range(x.shape[1]):
            dx.T[k] = dpre @ W1[k]
        # -> dx: correct
        """,
    )


def test_filling_later_from_elsewhere(ask: Judge) -> None:
    """The last write is where the tensor changes, not where the name stands."""
    ask.marks(
        MLP,
        """
        do = torch.zeros_like(o)                # -> correct
        view = do.T
        dW2 = torch.zeros_like(W2)              # -> correct
        view.copy_((2 * o / n).T)
        buffers = {'W2': dW2}
        buffers['W2'] += h.T @ do
        dh = do @ W2.T                          # -> correct
        """,
    )
    ask.marks(
        MLP,
        """
        do = torch.zeros_like(o)                # -> correct
        def fill(buffer, value):
            buffer.copy_(value)
        fill(do, 2 * o / n)
        dW2 = torch.zeros_like(W2)              # -> correct
        shared = dW2.numpy()
        shared += (h.T @ do).numpy()
        dh = torch.zeros_like(h)                # -> correct
        setattr(dh, 'data', do @ W2.T)
        dpre = torch.zeros_like(pre)            # -> correct
        exec('dpre += (1 - h**2) * dh')
        """,
    )


def test_repeated_indices(ask: Judge) -> None:
    ask.table(
        EMBEDDED,
        """
        dtable = torch.zeros_like(table); dtable.index_add_(0, X, demb)                  # -> correct
        dtable = torch.zeros_like(table); dtable.index_put_((X,), demb, accumulate=True) # -> correct
        dtable = torch.zeros_like(table).scatter_add(0, X[:, None].expand_as(demb), demb)    # -> correct
        dtable = torch.zeros_like(table); dtable[X] += demb                              # -> incorrect
        dtable = torch.zeros_like(table); dtable[X] = demb                               # -> incorrect
        dtable = torch.zeros_like(table); dtable.index_put_((X,), demb)                  # -> incorrect
        dtable = torch.zeros_like(table); [dtable[X[i]].add_(demb[i]) for i in range(len(X))]    # -> correct
        dtable = torch.stack([demb[X == k].sum(0) for k in range(len(table))])           # -> correct
        dtable = torch.zeros_like(table).index_add(0, X, demb, alpha=-1)                 # -> incorrect
        """,
    )


def test_del(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        tmp = 2 * o
        do = tmp / n                            # -> correct
        del tmp
        dW2 = h.T @ do                          # -> correct
        dh = tmp                                # -> error
        """,
    )


def test_a_changed_forward_is_restored(ask: Judge) -> None:
    judged = ask.marks(
        MLP,
        """
        dpre = (1 - h.mul_(h)) * (do @ W2.T)    # -> correct
        dW2 = h.T @ do                          # -> correct
        W2.zero_()
        dh = do @ W2.T                          # -> incorrect
        dx = dpre @ W1.T                        # -> correct
        """,
    )
    assert changed(judged, "dh") == {"dpre = (1 - h.mul_(h)) * (do @ W2.T)", "W2.zero_()"}
    judged = ask.marks(
        MLP,
        """
        h *= h
        dpre = (1 - h) * dh                     # -> correct
        dW2 = h.T @ do                          # -> correct
        x.t_()
        dW1 = x @ dpre                          # -> correct
        """,
    )
    assert changed(judged, "dW2") == {"h *= h", "x.t_()"}
    ask.marks(
        MLP,
        """
        h.data.zero_()
        dpre = (1 - h**2) * dh                  # -> incorrect
        dW2 = h.T @ do                          # -> correct
        W1.data = W1.T
        dW1 = x.T @ dpre                        # -> correct
        dx = dpre @ W1.T                        # -> correct
        """,
    )


def test_a_change_through_data_is_told_too(ask: Judge) -> None:
    judged = ask.marks(MLP, "h.data.zero_()\ndpre = (1 - h**2) * dh  # -> incorrect\n")
    assert changed(judged, "dpre") == {"h.data.zero_()"}


def test_a_change_and_its_way_back(ask: Judge) -> None:
    ask.marks(MLP, "h.neg_()\ndpre = (1 - h**2) * dh  # -> correct\nh.neg_()\ndW2 = -h.T @ do  # -> correct")


def test_views_of_a_changed_forward(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        column = h[:, 0]
        column.zero_()
        dpre = (1 - h**2) * dh                  # -> incorrect
        dW2 = h.T @ do                          # -> correct
        """,
    )


def test_an_answer_that_is_a_forward_value(ask: Judge) -> None:
    ask.marks(
        SOFTMAX,
        """
        dp = w                                  # -> correct
        dinv = (c * dp).sum(1, keepdim=True)    # -> correct
        dc = inv * w + dcs                      # -> correct
        """,
    )
    judged = ask.marks(SOFTMAX, "dp = w\ndp *= 2  # -> incorrect\ndc = inv * w + dcs  # -> correct")
    assert changed(judged, "dp") == {"dp *= 2"}


def test_rebound_forward_names(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        x = x.T
        do = 2 * o / n                          # -> correct
        h, W2 = h.T, W2.T
        dW2 = h @ do                            # -> correct
        dh = do @ W2                            # -> correct
        dpre = (1 - h.T**2) * dh                # -> correct
        dW1 = x @ dpre                          # -> correct
        """,
    )
    ask.marks(
        NORMED,
        """
        n = n - 1
        ddiff2 = dvar / n * torch.ones_like(diff)   # -> correct
        ddiff = inv * draw + 2 * diff * ddiff2      # -> correct
        dmean = -ddiff.sum(0, keepdim=True)         # -> correct
        dpre = ddiff + dmean / n                    # -> correct rebound
        """,
    )
    ask.marks(
        NORMED,
        """
        ddiff2 = dvar / (n - 1) * torch.ones_like(diff)     # -> correct
        for n in range(3):
            pass
        dpre = ddiff + dmean / n                    # -> incorrect
        """,
    )
    ask.marks(NORMED, "n = n + 1\nddiff2 = dvar / (n - 1) * torch.ones_like(diff)  # -> incorrect")
    ask.marks(NORMED, "n -= 1\nddiff2 = dvar / n * torch.ones_like(diff)  # -> correct")


def test_rebound_and_wrong(ask: Judge) -> None:
    """Wrong beneath a rebound name stays wrong, and what else is wrong does not become right."""
    judged = ask.marks(
        NORMED,
        """
        inv = torch.zeros_like(inv)
        ddiff = inv * draw                          # -> incorrect
        dvar = -0.5 * inv**3 * dinv                 # -> correct rebound
        dgain = (raw * dout).sum(0)                 # -> incorrect
        """,
    )
    assert any(("inv", 0) in run.rebound for run in judged.verdicts["ddiff"].runs)


def test_deleted_lines(ask: Judge) -> None:
    lines = [line for line in MLP_RIGHT.splitlines() if line]
    for first in range(len(lines) - 1):
        ask.marks(MLP, "\n".join(line + "  # -> correct" for i, line in enumerate(lines) if i not in (first, first + 1)))


def test_another_order(ask: Judge) -> None:
    """Bottom to top: each right answer reads a gradient that is not written yet, but nothing costs another target."""
    lines = [line for line in MLP_RIGHT.splitlines() if line]
    judged = ask.body(MLP, "\n".join(reversed(lines)))
    assert judged.said("do") == "correct"
    assert {v.status for v in judged.verdicts.values()} == {"correct", "error"}


def test_helpers_keep_the_learners_values(ask: Judge) -> None:
    """A helper computed from a target's value before it was replaced holds the learner's numbers (design, section 3)."""
    ask.marks(
        MLP,
        """
        do = 3 * o
        twice = do * 2
        do = do * 1                 # -> incorrect
        dW2 = h.T @ twice / 2       # -> incorrect
        dh = do @ W2.T              # -> correct
        """,
    )


def test_names_of_targets_used_as_helpers(ask: Judge) -> None:
    """A helper that looks like a gradient of no forward value is just a helper."""
    ask.marks(
        SCALED,
        """
        dtanh = 1 - act**2
        dmoved = dtanh * dact                   # -> correct
        dsum, dloss = 1, 2
        dcounts = s * dprobs * dsum             # -> correct
        """,
    )


def test_printing_and_asserting(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        print(x, x.shape, flush=True)
        import sys; sys.stdout.write('x' * 100_000)
        do = 2 * o / n                          # -> correct
        assert do.shape == (1, 2, 3)
        assert torch.allclose(do, do)
        breakpoint
        dW2 = h.T @ do                          # -> correct
        raise ValueError('enough')
        dh = do @ W2.T                          # -> correct
        """,
    )


def test_marks_are_read() -> None:
    assert marked("dx = 1  # -> correct\n# -> dy: incorrect aliased\nda, db = 1, 2  # -> da: error  # -> db: missing") == {
        "dx": "correct",
        "dy": "incorrect aliased",
        "da": "error",
        "db": "missing",
    }


def test_no_remark_for_what_one_statement_reads_for_another(ask: Judge) -> None:
    ask.marks(MLP, "dh, dW2 = do @ W2.T, h.T @ (2 * o / n)  # -> dh: correct  # -> dW2: correct")
    ask.marks(
        MLP,
        """
        dW2, dh = torch.zeros_like(W2), torch.zeros_like(h)
        for i in range(n):
            dW2 += torch.outer(h[i], 2 * o[i] / n)  # -> correct
            dh[i] = W2 @ do[i]                      # -> correct
        """,
    )


def test_a_method_on_a_copy_writes_nothing(ask: Judge) -> None:
    ask.marks(
        MLP,
        """
        dh = do @ W2.T * 2                          # -> incorrect
        dpre = dh.clone().mul_(1 - h**2)            # -> correct
        dW1 = x.T.mm(dpre.abs().mul_(dpre.sign()))  # -> correct
        """,
    )
    ask.marks(
        MLP,
        """
        dh = torch.zeros_like(h)
        dh.view(-1).add_((do @ W2.T).view(-1))      # -> correct
        dpre = torch.zeros_like(pre)
        dpre.T.add_((1 - h.T**2) * dh.T).mul_(1)    # -> correct
        """,
    )
