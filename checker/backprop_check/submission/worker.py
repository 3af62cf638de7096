"""The child in which a learner's code runs. It holds no oracle: each gradient comes after its own answer has been sent."""

from __future__ import annotations
import __future__

import ast
import contextlib
import os
import socket
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from ctypes import string_at
from functools import cache, partial
from types import CodeType, ModuleType
from typing import Any

import torch

from backprop_check.records import Module, Statement
from backprop_check.submission.beside import Importer
from backprop_check.submission.confinement.modules import guarded_builtins
from backprop_check.submission.described import described, first_line, is_dense, kind_of
from backprop_check.submission.doubled import read_float32_as_float64
from backprop_check.submission.needed import needed, units
from backprop_check.submission.observe import DryRun, dry_plan, own_last_writes
from backprop_check.submission.prints import Printed, Printing
from backprop_check.submission.refuse import SUBMISSION, refuse_autograd
from backprop_check.submission.rewrite import HOOK, Hook, Left, Plan, instrument
from backprop_check.submission.settled import seed, settle
from backprop_check.submission.signature import asked_for, backwards, find_backward
from backprop_check.submission.statements import replaces
from backprop_check.submission.stepping import serve_steps
from backprop_check.submission.wire import DTYPES, ORDER_LIMIT, Channel, most_elements, raw_bytes

EXERCISE, PRELUDE = "<exercise>", "<submission's own code>"
FLAGS = __future__.annotations.compiler_flag
"""What learners' code is compiled with: an annotation computes nothing and needs no package."""


SMALL = 1 << 16
"""Bytes of a tensor that are compared as bytes, which is several times faster and takes a copy each time."""

_WHOLE = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
_equal = torch.equal  # whatever the submission makes of that name

_NOTHING: Mapping[str, Any] = {}
_OWN: set[str] = set()
_GUARDED: dict[str, Any] = {}
"""The modules handed in beside a submission, and the built-in names it is given where it is confined: made once, for all workers."""


def refuse_and_settle(confined: bool) -> None:
    """Do in the zygote, once, what holds in every worker: autograd is refused and, where they are confined, nothing varies.

    No GPU is seen: what `backward` is given lies on the CPU, and `"cuda" if torch.cuda.is_available() else "cpu"` has to say so.
    """
    for visible in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        os.environ[visible] = ""
    refuse_autograd()
    if confined:
        settle()
        _GUARDED.update(guarded_builtins(_OWN))
    torch.set_default_dtype(torch.float64)


def serve(end: socket.socket, confined: bool) -> None:
    """Load the submission named in the first frame, then run it on each trial that arrives, until the channel closes.

    A confined process can open no file; its submission is told so by name when it imports what was not loaded before.
    """
    channel = Channel.answered(end)
    order, _ = channel.receive(head=ORDER_LIMIT)
    sys.setrecursionlimit(2000)
    skipped = {int(i): (str(kind), str(why)) for i, (kind, why) in order["skipped"].items()}
    beside = {name: Module(path, text, frozenset(wants)) for name, (path, text, wants) in order["modules"].items()}
    sys.modules["submission"] = ModuleType("submission")  # where dataclasses look up what a class's annotations name
    module = vars(sys.modules["submission"])
    _OWN.update(beside)
    module["__builtins__"] = _GUARDED if confined else __builtins__
    _run_exercise(order["exercise"], module)
    if order["doubled"]:  # only now: what the exercise itself has in float32 is the same here as for the oracle
        read_float32_as_float64()
    sys.meta_path.insert(0, Importer(beside, module["__builtins__"], run_each))
    seed()
    tree = ast.parse(order["body"])
    _run_prelude(channel, order, skipped, module, tree if order["prelude"] == order["body"] else ast.parse(order["prelude"]))
    unknown = _unknown(order, tree)
    defaults = _defaults(unknown, module)

    def define(plan: Plan, tree: ast.Module) -> None:
        function = find_backward(tree, order["bare"], [*order["parameters"], *defaults])
        unbound = [name.lstrip("*") for name in unknown if name not in defaults]
        exec(compile(instrument(function, plan, unbound), SUBMISSION, "exec", FLAGS, dont_inherit=True), module)

    told = enumerate(order["statements"])
    statements = tuple(Statement(i, 0, 0, "", frozenset(writes), frozenset(), "" if whole else None) for i, (writes, whole, _) in told)
    if order["steps"]:
        serve_steps(
            channel,
            order["targets"],
            statements,
            lambda plan: define(plan, ast.parse(order["body"])),
            lambda hook, values: _call(order, module, hook, values, defaults),
        )
    unseen = {i for i, (_, _, unseen) in enumerate(order["statements"]) if unseen}
    plan = None
    while True:
        header, tensors = channel.receive()
        torch.set_default_dtype(DTYPES[header["dtype"]])
        values = {**header["plain"], **tensors}
        if plan is None:
            if order["prints"]:
                define(Plan(skipped=skipped), ast.parse(order["body"]))
                _print(channel, partial(_call, order, module, values=_fresh(values), defaults=defaults))
            dry = DryRun(order["targets"], statements, values, lambda i: channel.send({"is": "at", "index": i}))
            plain = dry_plan(order["targets"], statements, skipped)
            define(plain, tree)
            _call(order, module, dry, _fresh(values), defaults)
            plan = dry.learned(order["early"], order["restored"], skipped)
            if plan != plain:
                define(plan, ast.parse(order["body"]))
        hook = RealRun(channel, order["targets"], statements, _fresh(values), plan, unseen)
        _call(order, module, hook, hook.given, defaults)
        channel.send({"is": "done"})


def _print(channel: Channel, call: Callable[[Hook], None]) -> None:
    """Run `backward` as it stands, only for what it prints."""

    def tell(index: int, line: str, silent: bool = False) -> None:
        channel.send({"is": "printed", "index": index, "line": line, "silent": silent})

    stream = Printed(tell)
    hook = Printing(lambda i: channel.send({"is": "at", "index": i}), stream, lambda i, kind: tell(i, f"(nothing: {kind})", silent=True))
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        call(hook)


class Pristine:
    """What a forward value was. It is asked after every target, of every value: so little is done for it."""

    def __init__(self, given: torch.Tensor, copy: torch.Tensor) -> None:
        self.copy, self._place, self._size = copy, given.data_ptr(), given.numel() * given.element_size()
        self._form = copy.shape, copy.dtype, copy.stride()
        self._now = _bits(given)
        self._then = raw_bytes(copy) if self._size <= SMALL else _bits(copy)

    def holds(self, tensor: torch.Tensor) -> bool:
        """Whether `tensor`, the value that was given, is still the same, bit by bit: a NaN in the forward is equal to itself here."""
        if (tensor.shape, tensor.dtype, tensor.stride()) != self._form:
            return False
        if tensor.data_ptr() != self._place:  # its numbers lie elsewhere now
            return raw_bytes(tensor) == raw_bytes(self.copy)
        if isinstance(self._then, bytes):
            return string_at(self._place, self._size) == self._then
        return _equal(self._now, self._then)


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """The memory of a tensor, as whole numbers."""
    plain = tensor.detach()
    return (torch.view_as_real(plain) if plain.is_complex() else plain).view(_WHOLE[plain.element_size() // (1 + plain.is_complex())])


class RealRun(Hook):
    """The hook of a run with replacement: sends each answer, then lets the oracle's value take its place."""

    def __init__(
        self,
        channel: Channel,
        targets: list[str],
        statements: tuple[Statement, ...],
        given: dict[str, Any],
        plan: Plan,
        unseen: Collection[int],
    ) -> None:
        self.channel, self.targets, self.statements, self.plan, self.unseen = channel, targets, statements, plan, unseen
        self.given = given
        self.pristine = {name: Pristine(v, v.clone()) for name, v in given.items() if isinstance(v, torch.Tensor)}
        self.most = most_elements(given)
        self.versions = {name: v._version for name, v in given.items() if isinstance(v, torch.Tensor)}
        self.own_last = own_last_writes(targets, statements)
        self.errors: dict[int, dict[str, Any]] = {}
        self.taken: dict[str, Any] = {}
        self.replaced: dict[str, torch.Tensor] = {}
        self.rebound: set[str] = set()
        self.reached: set[int] = set()
        self.told: set[str] = set()
        self.announced = -1

    def at(self, index: int) -> None:
        self.reached.add(index)
        if index != self.announced:
            self.channel.send({"is": "at", "index": index})

    def raised(self, index: int, error: BaseException) -> None:
        told = described(error, index)
        if not isinstance(error, Left):
            self.errors[index] = told
        self.channel.send({"is": "passed", "raised": told}, later=True)

    def after(self, index: int, scope: Mapping[str, Any]) -> None:
        for name, tensor in self.given.items():
            if isinstance(tensor, torch.Tensor) and self._changed(name, tensor, index):
                self.channel.send({"is": "changed", "name": name, "index": index}, later=True)
                self.told.add(name)
                self.versions[name] = tensor._version
            if name in scope and scope[name] is not tensor and name not in self.rebound:
                self.rebound.add(name)
                self.channel.send({"is": "rebound", "name": name, "index": index}, later=True)
        for name in self.plan.peeks.get(index, ()):
            self._send_answer(name, index, scope, early=True)
        self._take([(name, index) for name in self.plan.finals.get(index, ())], scope, index + 1)

    def _changed(self, name: str, tensor: torch.Tensor, index: int) -> bool:
        """Whether a forward value was written over; a write through `.data` or a shared buffer leaves the version as it was."""
        changed = tensor._version != self.versions[name] or (index in self.unseen and not self.pristine[name].holds(tensor))
        return changed and name not in self.told

    def finish(self, scope: Mapping[str, Any]) -> None:
        left = [name for name in self.targets if name not in self.taken]
        self._take([(name, self.own_last.get(name)) for name in left], scope, len(self.statements))

    def replacement(self, name: str) -> Any:
        if name not in self.taken:
            self._take([(name, None)], {}, 0)
        return self.replaced[name]

    def follow(self, target: str, value: Any) -> Any:
        return self.replaced[target] if value is self.taken[target] else value

    def forward(self, name: str) -> Any:
        return self.given[name]

    def _take(self, names: list[tuple[str, int | None]], scope: Mapping[str, Any], below: int) -> None:
        """Send the answers to `names`, all of them before the first gradient comes back; then put the forward's values right again.

        `below` is the statement that comes next, if there is one: it begins when the gradients are here, and is told of with the answers.
        """
        if not names:
            return
        for name, _ in names:
            self.taken[name] = scope.get(name)
        last = below >= len(self.statements) and len(self.taken) == len(self.targets)  # nothing is left that a gradient could be for
        after: dict[str, Any] = {} if last else {"want": [name for name, _ in names]}
        if not last and 0 < below < len(self.statements):
            after["at"] = self.announced = below
        for name, index in names:
            with torch._C.DisableTorchFunctionSubclass():  # of a tensor of a class of theirs the numbers count
                self._send_answer(name, index, scope, more=after if name == names[-1][0] else _NOTHING)
        if last:
            self.replaced.update({name: self.taken[name] for name, _ in names})
            return
        _, gradients = self.channel.receive()
        self.replaced.update(gradients)
        for name, tensor in self.given.items():
            if isinstance(tensor, torch.Tensor) and not self.pristine[name].holds(tensor):
                tensor.set_(self.pristine[name].copy.clone())  # type: ignore[call-overload]
                self.pristine[name] = Pristine(tensor, self.pristine[name].copy)
                self.versions[name] = tensor._version
        self.told.clear()

    def _send_answer(
        self, name: str, index: int | None, scope: Mapping[str, Any], early: bool = False, more: Mapping[str, Any] = _NOTHING
    ) -> None:
        header = {"is": "answer", "name": name, "index": index, "early": early, **more}
        failed = self._failed(name, index)
        value = scope.get(name, ...)
        if failed is not None:
            self.channel.send({**header, "state": "raised", "raised": failed}, later=True)
        elif value is ...:
            self.channel.send({**header, "state": "missing"}, later=True)
        elif not is_dense(value):
            self.channel.send({**header, "state": "other", "kind": kind_of(value)}, later=True)
        else:
            plain = value.detach().as_subclass(torch.Tensor).resolve_conj().resolve_neg()
            small = plain.numel() <= self.most
            described = {"dtype": str(plain.dtype).removeprefix("torch."), "shape": list(plain.shape)}
            self.channel.send({**header, "state": "tensor", **described}, {"value": plain} if small else {}, later=True)

    def _failed(self, name: str, upto: int | None) -> dict[str, Any] | None:
        """The first error of the statements that write `name`, since others may follow from it, unless a plain assignment begins anew."""
        failed = None
        for statement in self.statements:
            ours = name in statement.writes and (upto is None or statement.index <= upto)
            if ours and (failed is None or (replaces(statement, name) and statement.index in self.reached)):
                failed = self.errors.get(statement.index)
        return failed


def _call(order: Mapping[str, Any], module: dict[str, Any], hook: Any, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    module[HOOK] = hook
    module["backward"](**{name: values[name] for name in order["parameters"] if name in values}, **defaults)


def _unknown(order: Mapping[str, Any], tree: ast.Module) -> dict[str, ast.expr | None]:
    """The parameters that nothing of the exercise has the name of, with their defaults."""
    asked = {} if order["bare"] else asked_for(backwards(tree)[-1])
    return {name: default for name, default in asked.items() if name not in order["parameters"]}


def _defaults(unknown: Mapping[str, ast.expr | None], module: dict[str, Any]) -> dict[str, Any]:
    """The values of those defaults that can be had."""
    values = {}
    for name, default in unknown.items():
        if default is not None:
            with contextlib.suppress(BaseException):
                values[name] = eval(compile(ast.Expression(default), PRELUDE, "eval", FLAGS, dont_inherit=True), module)
    return values


@cache
def exercise_code(text: str) -> list[CodeType]:
    """Compile what an exercise names at its top level, statement by statement."""
    return [compile(ast.Module([node], []), EXERCISE, "exec") for node in ast.parse(text).body]


def _run_exercise(text: str, scope: dict[str, Any]) -> None:
    """Run what the exercise names at its top level, drawn as the judge drew it; a submission may give these names another meaning.

    What cannot run here (it asks autograd, or opens a file where none can be opened) leaves its names out.
    """
    seed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for code in exercise_code(text):
            with contextlib.suppress(BaseException):
                exec(code, scope)


def _run_prelude(channel: Channel, order: Mapping[str, Any], skipped: Mapping[int, Any], scope: dict[str, Any], tree: ast.Module) -> None:
    """Run what stands before `backward` and is needed, statement by statement; they are numbered -1, -2, ..."""
    runs = needed(tree.body, order["needs"]).runs
    numbers = {id(node): -number for number, node in enumerate(units(runs), 1)}

    def begins(node: ast.stmt) -> bool:
        number = numbers[id(node)]
        if number not in skipped:
            channel.send({"is": "at", "index": number})
        return number not in skipped

    def failed(node: ast.stmt, error: BaseException) -> None:
        channel.send({"is": "prelude", "index": numbers[id(node)], "error": f"{type(error).__name__[:80]}: {first_line(error)}"})

    run_each(runs, scope, failed, begins)
    channel.send({"is": "at", "index": 0})


def run_each(
    nodes: Sequence[ast.stmt],
    scope: dict[str, Any],
    failed: Callable[[ast.stmt, BaseException], None],
    begins: Callable[[ast.stmt], bool] = lambda node: True,
) -> None:
    """Run statements one by one, those in an `if` too, unless `begins` says no. What one raises goes to `failed` and costs no other."""
    for node in nodes:
        if not begins(node):
            continue
        chosen: Sequence[ast.stmt] = ()
        try:
            if isinstance(node, ast.If):
                test = compile(ast.Expression(node.test), PRELUDE, "eval", FLAGS, dont_inherit=True)
                chosen = node.body if eval(test, scope) else node.orelse
            else:
                exec(compile(ast.Module([node], []), PRELUDE, "exec", FLAGS, dont_inherit=True), scope)
        except BaseException as error:
            failed(node, error)
        run_each(chosen, scope, failed, begins)


def _fresh(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: v.clone() if isinstance(v, torch.Tensor) else v for name, v in values.items()}
