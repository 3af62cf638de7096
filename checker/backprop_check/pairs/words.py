"""What is said of NumPy code, in NumPy's words."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import partial

from backprop_check.records import Diagnosis

_FUNCTIONS = {"cat": "concatenate", "tensor_split": "array_split"}
_METHODS = {
    "permute": "transpose",
    "transpose": "swapaxes",
    "clone": "copy",
    "repeat_interleave": "repeat",
    "double": "astype",
    "flatten": "ravel",
}
_ON_AXES = (
    "sum",
    "mean",
    "max",
    "min",
    "amax",
    "amin",
    "var",
    "std",
    "prod",
    "argmax",
    "argmin",
    "cumsum",
    "any",
    "all",
    "squeeze",
    "flip",
)
_ALONE = ("exp", "log", "sqrt", "tanh", "sin", "cos", "abs", "sign", "floor", "square", "maximum", "minimum", "where", "outer", "einsum")


def in_words(diagnosis: Diagnosis, numpy: bool) -> Diagnosis:
    """The diagnosis in the words of who wrote the code. What is quoted of the user's own source is no part of it."""
    said = partial(_said, numpy=numpy)
    return replace(
        diagnosis,
        error=said(diagnosis.error),
        note=said(diagnosis.note),
        help=said(diagnosis.help),
        evidence=said(diagnosis.evidence),
        fix=expression(diagnosis.fix) if numpy and diagnosis.fix is not None else diagnosis.fix,
        also=tuple((span, said(text)) for span, text in diagnosis.also),
    )


def _said(text: str, numpy: bool) -> str:
    """A text with the code in it, between backquotes, as the user writes it; and the words for an axis that is kept."""
    text = re.sub(r"`(\w+ = )?(written_into\([^`]+\))`", lambda found: f"`{_written(found[2])}`", text)
    if not numpy:
        return text
    for torchs in ("`index_add_`, `index_put_(..., accumulate=True)`", "`index_put_(..., accumulate=True)`, or `index_add_`"):
        text = text.replace(torchs, "`np.add.at`")
    told = re.sub(r"`([^`]+)`", lambda found: f"`{expression(found[1])}`", text)
    told = re.sub(r", (`\w+`) or \1", r" or \1", told)  # two of torch's words that are one in NumPy
    return re.sub(r"\btensor(s?)\b", r"array\1", told)


def _written(source: str) -> str:
    """What was written into places, as it stands in the source."""
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        return source
    match tree:
        case ast.Call(args=[into, index, value]):
            return f"{ast.unparse(ast.Subscript(into, _Index().visit(index), ast.Load()))} = {ast.unparse(value)}"
    return source


class _Index(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Name(id="slice"), args=args):
                ends = [None if isinstance(each, ast.Constant) and each.value is None else each for each in args]
                return ast.Slice(*ends)
        return node


def expression(source: str) -> str:
    """An expression of torch's as one of NumPy's; what is none, with its keywords' names exchanged."""
    begun = source.startswith(".")
    try:
        tree = ast.parse("_" + source if begun else source)
    except (SyntaxError, ValueError):
        return _plain(source)
    told = ast.unparse(ast.fix_missing_locations(_ToNumPy().visit(tree)))
    if ast.unparse(ast.parse("_" + source if begun else source)) == told:
        return _plain(source)  # as it stands
    return told.removeprefix("_") if begun else told


def _plain(source: str) -> str:
    source = re.sub(r"\bkeepdim\b", "keepdims", re.sub(r"\bdim=", "axis=", source))
    source = re.sub(r"\.unsqueeze\((-?\d+)\)", lambda found: f"[{_index(int(found[1]))}]", source)
    return {"unsqueeze": "np.newaxis", "permute": "transpose", "clone": "copy"}.get(source, source)


def _index(axis: int) -> str:
    return "..., np.newaxis" if axis == -1 else ", ".join([*([":"] * axis), "np.newaxis"]) if axis >= 0 else "..., np.newaxis, :"


class _ToNumPy(ast.NodeTransformer):
    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        self.generic_visit(node)
        return ast.keyword({"dim": "axis", "keepdim": "keepdims", "correction": "ddof"}.get(node.arg or "", node.arg), node.value)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="max" | "min")), attr="values"):
                return node.value
            case ast.Attribute(value=ast.Name(id="torch"), attr=name):
                return ast.Attribute(ast.Name("np", ast.Load()), _FUNCTIONS.get(name, name), ast.Load())
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        own = isinstance(node.func, ast.Attribute) and not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "F"))
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        base, name = node.func.value, node.func.attr
        if not own:
            if name in (*_ON_AXES, "cat", "stack", "concatenate") and len(node.args) == 2:
                node.keywords.insert(0, ast.keyword("axis", node.args.pop()))
            return node
        if name == "clamp" and not node.args and len(node.keywords) == 1:
            function = "maximum" if node.keywords[0].arg == "min" else "minimum"
            return _np(function, [node.keywords[0].value, base])
        if name in ("relu",) and not node.args:
            return _np("maximum", [ast.Constant(0), base])
        if name == "sigmoid" and not node.args:
            return ast.BinOp(ast.Constant(1), ast.Div(), ast.BinOp(ast.Constant(1), ast.Add(), _np("exp", [ast.UnaryOp(ast.USub(), base)])))
        if name == "unsqueeze" and _is_name_of_method(base):
            return node
        if name == "unsqueeze" and len(node.args) == 1:
            return _np("expand_dims", [base, node.args[0]])
        if name == "expand":
            return _np("broadcast_to", [base, node.args[0] if len(node.args) == 1 else ast.Tuple(node.args, ast.Load())])
        if name in _ALONE and not _is_name_of_method(base):
            return _np(name, [base, *node.args])
        if name in _ON_AXES and len(node.args) == 1:
            return ast.Call(node.func, [], [ast.keyword("axis", node.args[0]), *node.keywords])
        if name == "double":
            return ast.Call(ast.Attribute(base, "astype", ast.Load()), [ast.Name("float", ast.Load())], [])
        return ast.Call(ast.Attribute(base, _METHODS.get(name, name), ast.Load()), node.args, node.keywords)


def _is_name_of_method(base: ast.expr) -> bool:
    """Whether a text began with the dot: `.sum(0)`."""
    return isinstance(base, ast.Name) and base.id == "_"


def _np(name: str, args: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load()), args, [])
