"""Parse a text with broken lines in it: blank what Python refuses, so that the rest can be judged."""

from __future__ import annotations

import ast
import copy
import warnings

from backprop_check.records import Broken


def parse_leniently(text: str) -> tuple[ast.Module, str, tuple[Broken, ...]]:
    """Return the tree of `text`, the text that was parsed (same line numbers), and what had to be blanked for it."""
    tree, _ = parse(text)
    if tree is not None:
        return tree, text, ()
    from backprop_check.exercise.recover import recovered  # only here: a text that parses pays for none of it

    return recovered(text)


def parse(text: str, indented: bool = False, loop: bool = False) -> tuple[ast.Module | None, SyntaxError | None]:
    """Return the tree of `text`, or the error that says why there is none, its line number that of `text`.

    `indented` text is a part of some block, with its margin; `loop` says that the block is a loop's.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse("if 1:\n" + text if indented else text)
            inner = tree.body[0] if indented else tree
            assert isinstance(inner, ast.Module | ast.If)
            # `break` outside a loop, `global x` below `x = 1` and their like are found by the compiler only.
            compile(ast.Module([_as_function(inner.body, loop)], []), "<submission>", "exec", dont_inherit=True)
            return tree, None
        except SyntaxError as error:
            error.lineno = max(1, (error.lineno or 1) - indented)
            return None, error
        except (RecursionError, MemoryError, ValueError) as error:
            return None, SyntaxError(str(error) or "too deeply nested")


_SHELL, _LOOP = ast.parse("def f(): pass\nwhile 1: pass").body


def _as_function(body: list[ast.stmt], loop: bool) -> ast.stmt:
    """A function around statements (and a loop, if they stand in one), as nothing else may hold a `return`, which is a cell's right."""
    function, around = copy.copy(_SHELL), copy.copy(_LOOP)
    assert isinstance(function, ast.FunctionDef) and isinstance(around, ast.While)
    # `from x import *` is allowed at the top of a module only; a submission may have it there.
    around.body = [n for n in body if not isinstance(n, ast.ImportFrom)] or function.body
    function.body = [around] if loop else around.body
    return function
