"""NumPy's expressions as torch's, for the engine to read: each node keeps the place of what it stands for."""

from __future__ import annotations

import ast
from collections.abc import Mapping

_SAME = frozenset({
    "exp", "log", "log2", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "tan", "sinh", "cosh", "sign", "floor", "abs", "where",
    "zeros_like", "ones_like", "full_like", "outer", "einsum", "tril", "triu", "maximum", "minimum", "matmul", "diag", "arange",
    "zeros", "ones", "full", "stack", "vstack", "hstack", "eye", "prod", "clip", "square", "logaddexp", "isnan",
})  # fmt: skip
_OTHER = {
    "concatenate": "cat", "absolute": "abs", "empty_like": "zeros_like", "empty": "zeros", "rint": "round", "array_split": "tensor_split",
}  # fmt: skip
_METHODS = frozenset({
    "sum", "mean", "max", "min", "reshape", "transpose", "dot", "var", "std", "argmax", "argmin", "squeeze", "copy", "ravel",
    "cumsum", "repeat", "prod", "swapaxes",
})  # fmt: skip
_BINARY: Mapping[str, type[ast.operator]] = {
    "add": ast.Add, "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div, "power": ast.Pow, "dot": ast.MatMult,
    "matmul": ast.MatMult,
}  # fmt: skip
_KEYWORDS = {"axis": "dim", "keepdims": "keepdim", "ddof": "correction"}


class ToTorch(ast.NodeTransformer):
    """`numpy` are the names under which NumPy is known."""

    def __init__(self, numpy: frozenset[str]) -> None:
        self.numpy = numpy

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if self._is_numpy(node.value) and node.attr == "newaxis":
            return _at(ast.Constant(None), node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """`np.add.at(d, i, v)` is `d.index_put_((i,), v, accumulate=True)`."""
        match node.value:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=base, attr="add"), attr="at"), args=[into, index, values]):
                if self._is_numpy(base):
                    into, index, values = (self.visit(each) for each in (into, index, values))
                    index = index if isinstance(index, ast.Tuple) else _at(ast.Tuple([index], ast.Load()), index)
                    method = _at(ast.Attribute(into, "index_put_", ast.Load()), node)
                    again = ast.keyword("accumulate", _at(ast.Constant(True), node))
                    return ast.copy_location(ast.Expr(_at(ast.Call(method, [index, values], [again]), node.value)), node)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(value=base, attr=name) if self._is_numpy(base):
                return self._function(node, name)
            case ast.Attribute(value=base, attr=name):
                return self._method(node, base, name, node.args)
        return node

    def _is_numpy(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.numpy

    def _function(self, node: ast.Call, name: str) -> ast.expr:
        args = node.args
        if name in _BINARY and len(args) == 2:
            return _at(ast.BinOp(args[0], _BINARY[name](), args[1]), node)
        if name in ("maximum", "minimum") and len(args) == 2 and any(_is_number(each) for each in args):
            number, other = args if _is_number(args[0]) else reversed(args)
            bound = ast.keyword("min" if name == "maximum" else "max", number)
            return _at(ast.Call(_at(ast.Attribute(other, "clamp", ast.Load()), node), [], [bound]), node)
        if name == "square" and len(args) == 1:
            return _at(ast.BinOp(args[0], ast.Pow(), _at(ast.Constant(2), node)), node)
        if name == "sqrt" and len(args) == 1 and _is_plain(args[0]):
            return _at(ast.BinOp(args[0], ast.Pow(), _at(ast.Constant(0.5), node)), node)
        if name == "expand_dims" and args:
            return self._called(node, args[0], "unsqueeze", [*args[1:], *(k.value for k in node.keywords)], [])
        if name in _METHODS and args and not isinstance(args[0], ast.List | ast.Tuple):
            return self._method(node, args[0], name, args[1:])
        if name == "arange" and len(args) == 1 and not node.keywords:
            return _at(ast.Call(_at(ast.Name("range", ast.Load()), node), args, []), node)
        if name in _OTHER or name in _SAME:
            kept = [ast.keyword(_KEYWORDS.get(k.arg or "", k.arg), k.value) for k in node.keywords if k.arg != "dtype"]
            return _at(
                ast.Call(
                    _at(ast.Attribute(_at(ast.Name("torch", ast.Load()), node), _OTHER.get(name, name), ast.Load()), node), args, kept
                ),
                node,
            )
        return node

    def _method(self, node: ast.Call, base: ast.expr, name: str, args: list[ast.expr]) -> ast.expr:
        keywords = [ast.keyword(_KEYWORDS.get(k.arg or "", k.arg), k.value) for k in node.keywords if k.arg not in ("dtype", "out")]
        if name == "dot" and len(args) == 1:
            return _at(ast.BinOp(base, ast.MatMult(), args[0]), node)
        if name == "astype":
            return self._called(node, base, "double", [], [])
        if name in ("copy", "ravel"):
            return self._called(node, base, "clone" if name == "copy" else "flatten", [], [])
        if name == "transpose":
            return self._called(node, base, "permute", args, []) if args else _at(ast.Attribute(base, "T", ast.Load()), node)
        if name == "swapaxes":
            return self._called(node, base, "transpose", args, [])
        if name == "repeat":
            name = "repeat_interleave"
        axis = [k.value for k in keywords if k.arg == "dim"]
        if axis and not args:  # `x.sum(0)`, as a learner of torch writes it
            args, keywords = axis, [k for k in keywords if k.arg != "dim"]
        found = self._called(node, base, name, args, keywords)
        if name in ("max", "min") and args:
            return _at(ast.Attribute(found, "values", ast.Load()), node)
        return found

    def _called(self, node: ast.Call, base: ast.expr, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> ast.expr:
        return _at(ast.Call(_at(ast.Attribute(base, name, ast.Load()), node), args, keywords), node)


def _at(new: ast.expr, old: ast.AST) -> ast.expr:
    return ast.copy_location(new, old)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression is a number made of numbers and sizes."""
    return not any(isinstance(each, ast.Call) for each in ast.walk(node)) and all(
        isinstance(each, ast.Constant | ast.BinOp | ast.operator | ast.Subscript | ast.Attribute | ast.expr_context)
        or (isinstance(each, ast.Name) and each.id.isupper())
        for each in ast.walk(node)
    )
