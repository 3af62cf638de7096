"""What to ask about each operation on the way back, and of a value that is used more than once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from backprop_check.derivation import laws, table
from backprop_check.derivation.trees import text
from backprop_check.expression.rewrites import parts, put
from backprop_check.records import Line, Operation, Use
from backprop_check.report.hint.fillings import spoken

_FALLS = "When `{x}` rises, does `{y}` rise or fall?"
_MEET = "What arrives at `{y}` is {result}{beside}. On which axis must they meet, so that {own}, the axes of `{x}`, are left?"
_OUTER = "What arrives at `{y}` is {result}{beside}: they share no axis. Which product of such two has the axes {own}?"
_OUTER_OF_EQUAL = (
    "What arrives at `{y}` is {result}{beside}. Which product has a number for each pair of theirs, {own}, "
    "and which of the two gives its rows?"
)
_PAIRED = (
    "What arrives at `{y}` is {result}{beside}. Which numbers of these make a product each, so that {own}, the axes of `{x}`, are left?"
)
_MOVED = "`{y}` computes nothing, it gives numbers other places{becomes}. What brings each number back to its own?"
_MOVE = "`{move}` computes nothing, it gives the numbers of `{x}` other places{becomes}. What brings each number back to its own?"
_PICKED = "Which numbers of `{x}` does `{y}` read, can it read one more than once, and what comes back to those that it does not read?"
_REPEATED = "Which parts of `{x}` does `{y}` read, and may one be read more than once? What becomes of all that comes back to it?"
_WINNER = "Which single number decides one number of `{y}`? What comes back to the others that it was taken from?"
_TIED = "Which numbers decide one number of `{y}`, where several are equal? What comes back to each of these, and what to the others?"
_WINDOWS = "In how many windows of `{y}` does one number of `{x}` stand?"
_ROW = "When one number of `{x}` rises, which numbers of `{y}` move with it, and which do not?"
_ONE_COPIED = "`{x}` is one number, and serves all of {copies}. What becomes of what comes back from there?"
_COPIED = "One number of `{x}`, {own}, serves all of {copies}. What becomes of what comes back from there?"
_MOVES = "When one number of `{x}` rises a little, which numbers of `{y}` move, and how much?"
_TIMES = "When `{x}` rises a little, what is that little multiplied with in `{y}`?"
_RISES = "When `{x}` rises by 1, by how much does `{y}` rise?"
_ROOT = "How does a sum of squares move with one number of `{x}`, and what does the root make of that?"
_PASSES = "Where does `{y}` move with `{x}`, and where does it not?"
_STEEP = "How steep is `{y}` at `{x}`?"
_BENT = "How steep is `{y}` where `{x}` is above 0, and how steep where it is below?"

LAWS = {
    table.PLUS: _RISES,
    table.SUMMED: _RISES,
    table.SHIFT: _RISES,
    table.SCALE: _TIMES,
    table.LINEAR: _TIMES,
    laws.PRODUCT: _TIMES,
    table.LESS: _FALLS,
    table.TURNS: _FALLS,
    table.QUOTIENT[0]: "When `{x}` rises a little, what is that little divided by in `{y}`?",
    table.QUOTIENT[1]: "When `{x}`, by which `{y}` divides, rises a little: which way does `{y}` move, "
    "and what does the size of `{x}` do to that?",
    table.POWER[0]: "In `{y}`, what comes down as a factor, and which exponent is left above?",
    table.POWER[1]: "When `{x}` rises a little, by which share of itself does `{y}` grow? What has the base to do with that?",
    table.VARIANCE: "How does the square of a number's distance from the mean move with the number in `{y}`, and what is it divided by?",
    table.DEVIATION: "How does the square of a number's distance from the mean move with the number, "
    "and what does the root make of it in `{y}`?",
    laws.LENGTH: _ROOT,
    laws.STANDARD: _ROW,
    laws.WON: _WINNER,
    laws.WON_BY_SEVERAL: _TIED,
    table.WON: _WINNER,
    table.CONVOLUTION: _WINDOWS,
    table.WINDOWS: _WINDOWS,
    table.FILTER: "In how many windows is one number of `{x}` used for `{y}`, and what is it multiplied with in each?",
    laws.PICKED: _PICKED,
    laws.PICKED_AGAIN: _PICKED,
    table.READ_AGAIN: _REPEATED,
    table.COPIED: "How often does one number of `{x}` stand in `{y}`? What becomes of what comes back from each of these places?",
    table.JOINED: "Which part of `{y}` did `{x}` fill?",
    laws.MOVED: _MOVED,
    laws.WRITTEN[1]: "Where in `{y}` does each number of `{x}` go? From which places is its gradient read then?",
    laws.AT_LABEL: "How does `{y}` move when the score at the label rises, and how when another one does?{averaged}",
    laws.AT_TARGET: "When one number of `{x}` rises, what becomes of the log of each probability of its row, and what does that count for?",
    laws.WEIGHED: _TIMES,
}
"""What is asked of each operand that has this law: of one operation they need not be the same."""
QUESTIONS = {
    "sum": "`{x}` is {own}, and its sum is {result}: into how many sums does one number of `{x}` go, and how much of it?",
    "mean": "How many numbers does one mean of `{y}` take in? How much does it move when one of them rises by 1?",
    "prod": "When one factor of `{y}` rises a little, what is that little multiplied with?",
    "cumsum": "In how many of the running sums `{y}` is one number of `{x}`?",
    "logsumexp": "When one number of `{x}` rises, which share of that reaches `{y}`?",
    "abs": "When `{x}` rises a little, which way does `{y}` move where `{x}` is above 0, and which way where it is below?",
    "nll_loss": "Which number of each row of `{x}` does the loss read, and with which sign?{averaged}",
    "mse_loss": "How does the square of a distance move with `{x}` at its one end?{averaged}",
    **dict.fromkeys(["softmax", "softmin", "log_softmax", "rms_norm", "normalize"], _ROW),
    **dict.fromkeys(["avg_pool1d", "avg_pool2d"], _WINDOWS),
    **dict.fromkeys(["maximum", "minimum", "fmax", "fmin", "where", "masked_fill", "clamp", "clamp_min", "clamp_max", "relu"], _PASSES),
}
"""What is asked of an operation whose law names none of these."""
PRODUCTS = frozenset({"matmul", "outer", "linear", "einsum"})


def questions(uses: Sequence[Use]) -> Iterator[str]:
    """Yield what to ask of the operations between each line's result and the value that it uses; of many uses, not the same twice."""
    asked: set[str] = set()
    for use in uses:
        for operation in (multiplied(operation) for way in use.ways for operation in way if not _only_widens(operation, way)):
            for question in _of(operation, use):
                if len(uses) <= 2 or question not in asked:
                    asked.add(question)
                    yield _filled(question, operation, use.line)


def _of(operation: Operation, use: Use) -> Iterator[str]:
    # Of a sum on the way to something else there is nothing worth asking, nor where numbers and places are left as they are.
    inner = all(operation is not way[-1] for way in use.ways)
    if operation.law != table.SAME and not (operation.copies and operation.law == table.COPIED) and not (operation.name == "add" and inner):
        by_law = next((question for law, question in LAWS.items() if operation.law.startswith(law.rstrip("."))), None)
        usual = _slope(operation, use.line) if operation.law.endswith("`.") else _MOVES  # a law that ends in a slope
        yield _meeting(operation) or by_law or QUESTIONS.get(operation.name, usual)
    if operation.copies:
        yield _COPIED if operation.own != "()" else _ONE_COPIED


def _only_widens(operation: Operation, way: Sequence[Operation]) -> bool:
    """Whether it gives new axes to what is copied along them: the question is what becomes of the copies."""
    new = operation.law == laws.MOVED and [axis for axis in _axes(operation.result) if axis != "1"] == _axes(operation.own)
    return new and any(other.copies and other.operand == operation.text for other in way)


def _meeting(operation: Operation) -> str | None:
    """Of a product that sums over an axis: whether what arrives and the other factor have one to meet on."""
    if operation.name not in PRODUCTS or operation.law == table.SUMMED or not operation.beside:
        return None
    if operation.result == "()":
        return _TIMES
    if operation.name == "einsum" and not _summed_back(operation):
        return _PAIRED
    arriving, others = _axes(operation.result), [axis for _, axes in operation.beside for axis in _axes(axes)]
    if len(arriving) + len(others) == len(_axes(operation.own)):
        return _OUTER if set(arriving).isdisjoint(others) else _OUTER_OF_EQUAL
    return _MEET if not set(arriving).isdisjoint(others) else _OUTER


def _bias(operation: Operation) -> str:
    """What `F.linear` adds, as it is written; nothing where it adds nothing."""
    match ast.parse(operation.text, mode="eval").body:
        case ast.Call(args=[_, _, bias]) | ast.Call(keywords=[ast.keyword(arg="bias", value=bias)]):
            return text(bias)
    return ""


def multiplied(operation: Operation) -> Operation:
    """The operation without what it adds, which meets nothing on the way back to a factor."""
    bias = _bias(operation) if operation.name == "linear" else ""
    return replace(operation, beside=tuple(other for other in operation.beside if other[0] != bias)) if bias else operation


def _summed_back(operation: Operation) -> bool:
    """Whether an `einsum` has a letter beside the operand's own, over which the way back sums."""
    match ast.parse(operation.text, mode="eval").body:
        case ast.Call(args=[ast.Constant(value=str(letters)), *factors]) if "->" in letters:
            before, _, result = letters.replace(" ", "").partition("->")
            groups = dict(zip(map(text, factors), before.split(","), strict=False))
            own = set(groups.get(operation.operand, ""))
            return not own or not {*before, *result} - {","} <= own
    return True


def _axes(shape: str) -> list[str]:
    return re.findall(r"[^(), ]+", shape)


def _slope(operation: Operation, line: Line) -> str:
    """Of an elementwise function. Where its slope can be said with its result, and that has a name, the name is a hint."""
    said = operation.text == line.source and re.search(rf"`.*\b{re.escape(line.name)}\b.*`", operation.law)
    steep = _BENT if re.search(r"where\(.* > 0, ", operation.law) else _STEEP
    return steep + (" Can you say it with {line}, which the forward has already?" if said else "")


def _filled(question: str, operation: Operation, line: Line) -> str:
    beside = "".join(f", and `{text}` is {axes}" for text, axes in operation.beside)
    copies = " and ".join(operation.copies)
    words = {"x": operation.operand, "y": operation.text, "own": operation.own, "result": spoken(operation.result), "line": line.name}
    becomes = "" if operation.own == operation.result else f": {operation.own} becomes {words['result']}"
    averaged = " What is averaged?" if "mean" in operation.law else ""
    move = _move(operation) if question == _MOVED else ""
    return (_MOVE if move else question).format(**words, beside=beside, copies=copies, becomes=becomes, averaged=averaged, move=move)


def _move(operation: Operation) -> str:
    """What moves numbers that are computed in the same expression, without these: `.T` of `(x @ W).T`. Nothing where a name is moved."""
    whole, moved = (ast.parse(written, mode="eval").body for written in (operation.text, operation.operand))
    same = next((part for part in parts(whole) if text(part) == text(moved)), None)
    if same is None or isinstance(moved, ast.Name):
        return ""
    return text(put(whole, same, ast.Name("..."))).removeprefix("...")
