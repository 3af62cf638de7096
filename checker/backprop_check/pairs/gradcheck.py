"""`gradcheck`: torch's verdict, and why."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.autograd.gradcheck import GradcheckError
from torch.autograd.gradcheck import gradcheck as torchs

from backprop_check.diagnosis.attempt import survived
from backprop_check.pairs import say
from backprop_check.pairs.calling import code_of
from backprop_check.pairs.custom import Custom, Seen, watched
from backprop_check.pairs.cut import cut
from backprop_check.pairs.examine import Examined, examine
from backprop_check.recording import Function, active
from backprop_check.recording.custom import functions_behind

MOST = 12
"""How many calls of custom functions are looked into."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check gradients as `torch.autograd.gradcheck` does, with the same verdict; where it fails, say which line of which backward is wrong.

    With `raise_exception=False` that is printed, and False returned. An error that torch lets through is raised with it as a note.
    """

    def verdict() -> bool:
        return torchs(
            func, inputs, eps=eps, atol=atol, rtol=rtol, nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad,
            check_grad_dtypes=check_grad_dtypes, check_batched_grad=check_batched_grad,
            check_batched_forward_grad=check_batched_forward_grad, check_forward_ad=check_forward_ad,
            check_backward_ad=check_backward_ad, fast_mode=fast_mode, masked=masked,
        )  # fmt: skip

    return with_reason(verdict, lambda: explained(func, inputs), raise_exception)


def with_reason(verdict: Callable[[], bool], reason: Callable[[], str], raise_exception: bool) -> bool:
    """Return torch's verdict. Where it fails, the reason stands in the error's text, or is printed; another error has it as a note."""
    try:
        with torch._C.DisableTorchFunction() if active() is not None else contextlib.nullcontext():
            return verdict()
    except GradcheckError as error:
        text = reason()
        if not raise_exception:
            print(text or str(error).strip())
            return False
        # Below torch's matrices, which may be pages long: what stands last is what a terminal shows.
        raise GradcheckError(f"{str(error).rstrip()}\n\n{text}" if text else str(error)) from None
    except Exception as error:
        text = reason()
        if text:
            error.add_note(text)
        raise


def explained(func: Callable[..., Any], inputs: Any) -> str:
    """Return what is wrong with the custom functions that `func` calls, or with what it does itself; nothing where that is not known."""
    given = inputs if isinstance(inputs, tuple) else tuple(inputs) if isinstance(inputs, list) else (inputs,)
    return survived(lambda: _explained(func, given), "gradcheck's explanation") or ""  # it must not take the place of torch's verdict


def _explained(func: Callable[..., Any], inputs: Sequence[Any]) -> str:
    wrong, functions = _wrong(func, inputs)
    forwards = [code for function in functions if (code := code_of(function.forward)) is not None]
    return "\n".join(line for done in wrong for line in say.lines(done)) or cut(func, inputs, forwards)


def _wrong(func: Callable[..., Any], inputs: Sequence[Any]) -> tuple[list[Examined], list[Function]]:
    """The user's own functions whose backward is wrong, each once, and all of them."""
    found: list[Examined] = []
    functions: dict[Function, None] = {}
    for function, given, needs in calls_of(func, inputs):
        functions[function] = None
        if not any(done.pair.name == function.__name__ for done in found):
            done = examine(Custom(function), given, needs)
            found += [done] if say.is_wrong(done) else []
    return found, list(functions)


def calls_of(func: Callable[..., Any], inputs: Sequence[Any]) -> Iterator[Seen]:
    """The different calls of the user's own functions."""
    own = getattr(func, "__self__", None)
    functions: list[Function] = [own] if isinstance(own, type) and issubclass(own, torch.autograd.Function) else []
    with contextlib.suppress(Exception), torch._C.DisableTorchFunction():
        outputs = func(*inputs)
        functions += functions_behind(outputs if isinstance(outputs, tuple | list) else [outputs])
    with contextlib.suppress(Exception), torch._C.DisableTorchFunction(), watched(list(dict.fromkeys(functions))) as calls:
        func(*inputs)
    seen: set[Any] = set()
    for function, given, needs in calls[:200]:
        key = function, needs, tuple(tuple(each.shape) if isinstance(each, torch.Tensor) else repr(each) for each in given)
        if key not in seen and len(seen) < MOST:
            seen.add(key)
            yield function, given, needs
