"""Write `elementwise.py`: the local derivative of every elementwise function, by sympy.

Run as `python tests/derivation/slopes.py`.

A derivative is said in terms of the output y where that is shorter: 1 - y**2 for tanh. sympy takes 0.3 s to import, so it is asked
here once, and what it says is kept; a test asks again and compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sympy as sp
from sympy.printing.str import StrPrinter

import backprop_check

ELEMENTWISE = Path(backprop_check.__file__).parent / "derivation" / "elementwise.py"

X, Y = sp.Symbol("x", positive=True), sp.Symbol("y", positive=True)
ANY = sp.Symbol("x", real=True)
SIGMOID = sp.Function("sigmoid")(ANY)

FUNCTIONS = {
    "exp": sp.exp(ANY),
    "log": sp.log(X),
    "sqrt": sp.sqrt(X),
    "rsqrt": 1 / sp.sqrt(X),
    "tanh": sp.tanh(ANY),
    "sigmoid": 1 / (1 + sp.exp(-ANY)),
    "relu": sp.Max(ANY, 0),
    "gelu": ANY * (1 + sp.erf(ANY / sp.sqrt(2))) / 2,
    "silu": ANY * SIGMOID,
    "softplus": sp.log(1 + sp.exp(ANY)),
    "logsigmoid": -sp.log(1 + sp.exp(-ANY)),
    "abs": sp.Abs(ANY),
    "square": ANY**2,
    "reciprocal": 1 / X,
    "sin": sp.sin(ANY),
    "cos": sp.cos(ANY),
    "tan": sp.tan(ANY),
    "sinh": sp.sinh(ANY),
    "cosh": sp.cosh(ANY),
    "atan": sp.atan(ANY),
    "erf": sp.erf(ANY),
    "expm1": sp.exp(ANY) - 1,
    "log1p": sp.log(1 + X),
    "log2": sp.log(X, 2),
    "log10": sp.log(X, 10),
    "asin": sp.asin(ANY),
    "acos": sp.acos(ANY),
    "asinh": sp.asinh(ANY),
    "acosh": sp.acosh(X),
    "atanh": sp.atanh(ANY),
    "erfc": sp.erfc(ANY),
    "erfinv": sp.erfinv(ANY),
}
INVERSES = {"sigmoid": sp.log(Y / (1 - Y)), "rsqrt": Y**-2, "reciprocal": 1 / Y, "expm1": sp.log(Y + 1)}


class _Torch(StrPrinter):  # type: ignore[misc]
    def _print_Function(self, expr: sp.Function) -> str:
        if expr.is_number:
            return repr(float(expr))
        return f"torch.{expr.func.__name__}({self._print(expr.args[0])})"

    def _print_Heaviside(self, expr: sp.Function) -> str:
        return f"({self._print(expr.args[0])} > 0)"

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if expr.exp == sp.S.Half and expr.base.is_number:
            return f"{self._print(expr.base)}**0.5"
        if abs(expr.exp) == sp.S.Half:
            root = f"torch.sqrt({self._print(expr.base)})"
            return root if expr.exp > 0 else f"1/{root}"
        return str(super()._print_Pow(expr, rational))

    def _print_Pi(self, expr: sp.Expr) -> str:
        return "torch.pi"


def derivative(name: str) -> str:
    """Return the shortest form found of the derivative of `FUNCTIONS[name]`, as source in `x`, `y` and `torch`."""
    return min((str(_Torch().doprint(form)) for form in _forms(name)), key=lambda text: (len(text) - ("y" in text), text))


def _forms(name: str) -> Iterator[sp.Expr]:
    function = FUNCTIONS[name]
    slope = sp.diff(function, function.free_symbols.pop()).subs(sp.Derivative(SIGMOID, ANY), SIGMOID * (1 - SIGMOID))
    for form in (slope, sp.simplify(slope)):
        named = form.subs(1 / (1 + sp.exp(-ANY)), SIGMOID).subs(sp.exp(ANY) / (1 + sp.exp(ANY)), SIGMOID)
        named = named.subs(1 / (1 + sp.exp(ANY)), 1 - SIGMOID)
        yield named
        yield sp.factor(named)
        if not name.startswith("log"):
            yield named.subs(function, Y)
    if name in INVERSES:
        yield sp.simplify(slope.subs(function.free_symbols.pop(), INVERSES[name]))


def table() -> str:
    """Return the text of `elementwise.py`."""
    rows = "\n".join(f'    "{name}": "{derivative(name)}",' for name in FUNCTIONS)
    return f'''"""Local derivatives of elementwise functions y = f(x). Do not edit: `tests/derivation/slopes.py` writes it."""

SLOPES = {{
{rows}
}}
'''


if __name__ == "__main__":
    ELEMENTWISE.write_text(table(), encoding="utf-8")
