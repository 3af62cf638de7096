"""Slips of authors: what mutates the syntax tree of a sound exercise, and every way on which the commands read one."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import torch

from backprop_check.authoring.draft import draft
from backprop_check.authoring.values import value_findings
from backprop_check.derivation.backward import backward, trials
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import parse_exercise
from backprop_check.exercise.shapes import written_shapes
from backprop_check.trace.author import silent
from backprop_check.trace.graph import load_graph
from backprop_check.trace.numeric import central_differences

COURSE = [path.read_text(encoding="utf-8") for path in packaged_course().files() if path.name != "ex13_mlp.py"]
"""Exercises to mutate; the longest costs ten times the others and uses nothing they do not."""

CONSTANTS = [0, 1, -1, 2, 7, None, "x", 1.5, True, ..., 2j, b"", 10**400]
METHODS = """
exp log sqrt abs sum mean max min var std argmax sort topk median half float double bool long int item tolist numpy detach clone T mT t
to_sparse cumsum cumprod cummax softmax mul_ add_ exp_ zero_ relu_ requires_grad_ nonzero unique bincount svd diag flatten squeeze
unsqueeze view reshape expand size shape numel dim new_zeros fill_ resize_ sign round floor isnan isfinite logical_not cpu data grad
backward retain_grad cos bernoulli bernoulli_ multinomial normal_ dropout qr chunk split unbind where nope inverse norm prod rsqrt real imag
angle cfloat bfloat16 byte histc kthvalue mode unfold storage untyped_storage element_size is_contiguous register_hook hash cosine_similarity
""".split()  # noqa: SIM905 (a list of a hundred quoted names is harder to read)
WRAPPED = """
E.half(); E.bfloat16(); E.float(); E.long(); E.bool(); E.item(); E.tolist(); E.detach(); E[:0]; E[0]; E[None]; E.sum(); E.add_(1); E.mul_(E)
(E, E); [E]; {'a': E}; str(E); print(E); E + 1j; torch.fft.fft(E); torch.fft.fft(E).abs(); E.to_sparse(); E.to('meta'); torch.nested.nested_tensor([E, E])
torch.quantize_per_tensor(E.float(), 0.1, 0, torch.qint8); F.dropout(E); torch.randn_like(E); torch.bernoulli(E); E.argmax(); E.max(0); E.sort()
exit(); quit(3); os._exit(4); os.abort(); sys.exit('bye'); fail(KeyboardInterrupt()); fail(GeneratorExit()); fail(Odd()); fail(StopIteration()); input(); breakpoint()
(q := E); (lambda: E)(); E if True else 0; not E; E == E; E is None; [E for i in range(2)]; max(E, E); E @ E; E.T @ E; E / 0; E * float('nan'); E ** -E; E.data.zero_()
torch.bincount(E.long().flatten().abs(), E.flatten()); torch.utils.checkpoint.checkpoint(torch.exp, E); Half.apply(E); Twice.apply(E, 2); Broken.apply(E); Loud.apply(E)
torch.linalg.svd(E); torch.where(E > 0, E, 0.0); F.embedding(torch.tensor([0]), E, sparse=True); torch.zeros(0); torch.empty(2, 0); 10**400; float('inf'); forward(E); deep(E)
torch.no_grad()(torch.exp)(E); torch.compile; torch.nn.Parameter(E); torch.nn.Linear(2, 2)(E); E.grad; E.backward(); E.numpy(); E.new_ones(3, 3)[E]; E.expand(2, *E.shape)
E.requires_grad_(False); E.retain_grad(); noisy(E); torch.set_grad_enabled(False); E.unsqueeze(0).squeeze(); torch.sparse.mm(E.to_sparse(), E); E.to(torch.float8_e5m2); torch.inference_mode()(torch.exp)(E)
""".replace("\n", "; ").split("; ")
STATEMENTS = (
    """
x += 1; x = x; x[0] = 1; x.zero_(); a, b = x; a = b = x; y: int = 3; pass; ...; del x; assert False; raise ValueError; exit(); return x; return; return x, x
for i in x: pass; while False: pass; if x: pass; with torch.no_grad(): y = x; import os; def f(): pass; class A: pass; global x; print(1); try: pass|except E: pass
dx = x; y = (yield x); y = await x; y = *x,; lambda: 0; raise KeyboardInterrupt; os._exit(3); import nothing_of_this_name; 1 / 0; torch = 3; F = 2; range = 1
""".strip()
    .replace("\n", "; ")
    .split("; ")
)
TOP = (
    """
SIZES = 3; SIZES = [1, 2]; SIZES = 'abc'; SIZES = [dict(N=0)]; SIZES = [dict(N=-1)]; SIZES = [dict(Q=2)]; SIZES = [{}]; SIZES = []; SIZES = None; SIZES = [dict(N='x')]; SIZES = [dict(N=2.0)]
SIZES = dict(N=3); SIZES = [[('N', 3)]]; SIZES = [dict(N=4)]; SIZES = (dict(N=n) for n in (3, 4)); SIZES = [dict(N=3), 4]; SIZES = [{1: 2}]; SIZES = True; SIZES: list = [dict(N=9)]
def SIZES(): pass; class SIZES: pass; import torch as SIZES; POINTS = 3; POINTS = []; POINTS = 'a'; POINTS = dict(q=1); POINTS = {1: 2}; POINTS = dict(dx=-1); POINTS = dict(dx='1'); POINTS = dict(da=10**400)
POINTS = f(); POINTS: dict = dict(q=3); def POINTS(): pass; POINTS += 1; A = exit(3); A = os._exit(3); A = fail(KeyboardInterrupt()); A = fail(Odd()); A = print(3); A = 1 / 0; A = open('nowhere'); A = input()
torch = None; F = None; inputs = 3; forward = 3; range = None; dict = None; A = torch.set_default_dtype(torch.float16); A = torch.manual_seed(0); A = sys.stdout.write('x'); A = warnings.warn('x'); import nothing_such
A = torch.set_grad_enabled(False); A = sys.setrecursionlimit(60); if True: A = 1 / 0; A = sys.stdout.close(); A = os.write(1, b'x'); A = os.system('echo x'); A = torch.randn(3); SCALE = 2 ** 0.5; SCALE *= 2
""".strip()
    .replace("\n", "; ")
    .split("; ")
)
HELPERS = """
import os, sys, warnings
import torch, math
import torch.nn.functional as F
class Odd(BaseException):
    def __str__(self): raise ValueError
def fail(error): raise error
def deep(x): return deep(x)
def noisy(x):
    print('noise'); sys.stderr.write('noise'); warnings.warn('noise'); os.write(1, b'noise')
    return x * 1
class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x / 2
    @staticmethod
    def backward(ctx, g): return g / 2
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, n):
        ctx.n = n
        return x * n
    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g): return g * ctx.n, None
class Broken(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x.clone()
    @staticmethod
    def backward(ctx, g): return g / Odd
class Loud(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x.clone()
    @staticmethod
    def backward(ctx, g):
        print('noise')
        return exit(3)
"""
_HELPERS = ast.parse(HELPERS).body


def mutated(source: str, random: Random, times: int) -> str:
    """Return the text of an exercise with so many slips in it."""
    tree = ast.parse(source)
    tree.body[1:1] = copy.deepcopy(_HELPERS)
    for _ in range(times):
        random.choice(SLIPS)(tree, random)
    return ast.unparse(ast.fix_missing_locations(tree))


def read_every_way(path: Path, text: str, whole: bool) -> None:
    """Do with an exercise what the commands do that read one; `whole`: the slow ones too. Raises `BadInput` as they do."""
    path.write_text(text, encoding="utf-8")
    with silent():
        _read(path, text, whole)
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()


def _read(path: Path, text: str, whole: bool) -> None:
    exercise = parse_exercise(path, text)
    written_shapes(exercise)
    graph = load_graph(exercise)
    known = trials(graph)
    list(backward(graph, known))
    if whole:
        list(value_findings(graph))
        central_differences(graph, known[0], exercise.targets[-1].node)
        draft(path)


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in ("inputs", "forward")]


def _expressions(tree: ast.Module) -> list[tuple[ast.AST, str, int | None, ast.expr]]:
    """Every expression of `inputs` and `forward`, with the place that holds it."""
    found: list[tuple[ast.AST, str, int | None, ast.expr]] = []
    for node in (n for function in _functions(tree) for statement in function.body for n in ast.walk(statement)):
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and not isinstance(getattr(value, "ctx", None), ast.Store):
                found.append((node, name, None, value))
            elif isinstance(value, list):
                found += [(node, name, i, v) for i, v in enumerate(value) if isinstance(v, ast.expr) and not isinstance(v, ast.Starred)]
    return [place for place in found if not isinstance(getattr(place[3], "ctx", None), ast.Store)]


def _put(place: tuple[ast.AST, str, int | None, ast.expr], new: ast.expr) -> None:
    holder, name, index, _ = place
    if index is None:
        setattr(holder, name, new)
    else:
        getattr(holder, name)[index] = new


def _constant(tree: ast.Module, random: Random) -> None:
    places = _expressions(tree)
    if places:
        _put(random.choice(places), ast.Constant(random.choice(CONSTANTS)))


def _name(tree: ast.Module, random: Random) -> None:
    names = [n for f in _functions(tree) for n in ast.walk(f) if isinstance(n, ast.Name)]
    if names:
        random.choice(names).id = random.choice([random.choice(names).id, "torch", "F", "x", "nothing", "dx"])


def _method(tree: ast.Module, random: Random) -> None:
    attributes = [n for f in _functions(tree) for n in ast.walk(f) if isinstance(n, ast.Attribute)]
    if attributes:
        random.choice(attributes).attr = random.choice(METHODS)


def _wrap(tree: ast.Module, random: Random) -> None:
    places = _expressions(tree)
    if places:
        place = random.choice(places)
        wrapped = ast.parse(random.choice([w for w in WRAPPED if w]), mode="eval").body

        class Put(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.expr:
                return copy.deepcopy(place[3]) if node.id == "E" else node

        _put(place, Put().visit(wrapped))


def _operator(tree: ast.Module, random: Random) -> None:
    operators = [n for f in _functions(tree) for n in ast.walk(f) if isinstance(n, ast.BinOp)]
    if operators:
        random.choice(operators).op = random.choice([ast.Add, ast.MatMult, ast.Mod, ast.FloorDiv, ast.Pow, ast.LShift, ast.BitAnd])()


def _statement(tree: ast.Module, random: Random) -> None:
    body = random.choice([f.body for f in _functions(tree)] or [tree.body])
    at = random.randrange(len(body))
    match random.randrange(4):
        case 0 if len(body) > 1:
            del body[at]
        case 1:
            other = random.randrange(len(body))
            body[at], body[other] = body[other], body[at]
        case 2:
            body.insert(at, copy.deepcopy(random.choice(body)))
        case _:
            text = random.choice(STATEMENTS)
            body.insert(at, ast.parse(f"async def f():\n  {text.replace('|', chr(10) + '  ')}").body[0].body[0])  # type: ignore[attr-defined]


def _top(tree: ast.Module, random: Random) -> None:
    at = random.choice([len(_HELPERS) + 1, len(tree.body)])
    tree.body[at:at] = ast.parse(random.choice(TOP)).body


def _arguments(tree: ast.Module, random: Random) -> None:
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in ("inputs", "forward", "backward")]
    if not functions:
        return
    given = random.choice(functions).args
    match random.randrange(5):
        case 0 if given.args:
            given.args.pop(random.randrange(len(given.args)))
            given.defaults = given.defaults[-len(given.args) :] if given.args else []
        case 1:
            given.args.append(ast.arg(random.choice(["q", "x", "N", "dx"])))
        case 2 if given.defaults:
            given.defaults[random.randrange(len(given.defaults))] = ast.Constant(random.choice(CONSTANTS))
        case 3:
            given.vararg = ast.arg("rest")
        case _:
            random.shuffle(given.args)


SLIPS: Sequence[Callable[[ast.Module, Random], None]] = (
    _constant, _constant, _name, _method, _method, _wrap, _wrap, _wrap, _wrap, _operator, _statement, _statement, _top, _arguments,
)  # fmt: skip
