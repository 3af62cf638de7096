"""What to ask about each operation on the way back, and of a value that is used more than once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from backprop_check.derivation.laws import MOVED, WON_BY_SEVERAL
from backprop_check.derivation.trees import text
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
_MOVED = "`{y}` computes nothing, it gives numbers other places: {own} becomes {result}. What brings each number back to its own?"
_PICKED = "Which numbers of `{x}` does `{y}` read, can it read one more than once, and what comes back to those that it does not read?"
_REPEATED = "Which parts of `{x}` does `{y}` read, and may one be read more than once? What becomes of all that comes back to it?"
_WINNER = "Which single number decides one number of `{y}`? What comes back to the others that it was taken from?"
_TIED = "Which numbers decide one number of `{y}`, where several are equal? What comes back to each of these, and what to the others?"
_WINDOWS = "In how many windows of `{y}` does one number of `{x}` stand?"
_ROW = "When one number of `{x}` rises, which numbers of `{y}` move with it, and which do not?"
_JOINED = "Which part of `{y}` did `{x}` fill?"
_ONE_COPIED = "`{x}` is one number, and serves all of {copies}. What becomes of what comes back from there?"
_COPIED = "One number of `{x}`, {own}, serves all of {copies}. What becomes of what comes back from there?"
_MOVES = "When one number of `{x}` rises a little, which numbers of `{y}` move, and how much?"
_DIVIDED = "When `{x}` rises a little, what is that little divided by in `{y}`?"
_PASSES = "Where does `{y}` move with `{x}`, and where does it not?"


def _all(question: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), question)


QUESTIONS = {
    "add": "When `{x}` rises by 1, by how much does `{y}` rise?",
    "sub": _FALLS,
    "neg": _FALLS,
    "mul": "When `{x}` rises a little, what is that little multiplied with in `{y}`?",
    "div": "When `{x}`, by which `{y}` divides, rises a little: which way does `{y}` move, and what does the size of `{x}` do to that?",
    "pow": "In `{y}`, what comes down as a factor, and which exponent is left above?",
    "sum": "`{x}` is {own}, and its sum is {result}: into how many sums does one number of `{x}` go, and how much of it?",
    "mean": "How many numbers does one mean of `{y}` take in? How much does it move when one of them rises by 1?",
    "var": "How does the square of a number's distance from the mean move with the number in `{y}`, and what is it divided by?",
    "std": "How does the square of a number's distance from the mean move with the number, and what does the root make of it in `{y}`?",
    "norm": "How does a sum of squares move with one number of `{x}`, and what does the root make of that?",
    "prod": "When one factor of `{y}` rises a little, what is that little multiplied with?",
    "cumsum": "In how many of the running sums `{y}` is one number of `{x}`?",
    "logsumexp": "When one number of `{x}` rises, which share of that reaches `{y}`?",
    "abs": "When `{x}` rises a little, which way does `{y}` move where `{x}` is above 0, and which way where it is below?",
    "cross_entropy": "How does `{y}` move when the score at the label rises, and how when another one does? What is averaged?",
    "nll_loss": "Which number of each row of `{x}` does the loss read, with which sign, and what is averaged?",
    "mse_loss": "How does the square of a distance move with `{x}` at its one end, and what is averaged?",
    **_all(_MEET, "matmul outer linear einsum"),
    **_all(_ROW, "softmax softmin log_softmax layer_norm rms_norm normalize"),
    **_all(_WINNER, "max min amax amin median kthvalue max_pool1d max_pool2d"),
    **_all(_WINDOWS, "conv1d conv2d conv3d avg_pool1d avg_pool2d unfold im2col"),
    **_all(_PASSES, "maximum minimum fmax fmin where masked_fill clamp clamp_min clamp_max relu leaky_relu"),
    **_all(_PICKED, "tril triu diagonal linalg_diagonal trace index select narrow chunk split unbind topk masked_select"),
    **_all(_REPEATED, "index_select embedding gather take_along_dim take"),
    **_all(_JOINED, "cat stack hstack vstack dstack column_stack"),
    **_all(_MOVED, "reshape view flatten unflatten squeeze unsqueeze atleast_2d t mt transpose movedim permute flip fliplr flipud"),
    **_all(_MOVED, "rot90 roll sort msort diag_embed diagflat pixel_shuffle pixel_unshuffle channel_shuffle"),
}
COPIES = frozenset({"expand", "expand_as", "broadcast_to", "broadcast_tensors", "repeat", "repeat_interleave", "interpolate"})
SAME = frozenset({"clone", "contiguous", "to", "double", "float", "type", "type_as", "positive", "nan_to_num", "cpu", "dropout"})
"""Operations that leave numbers and places as they are: there is nothing to ask."""


def questions(uses: Sequence[Use]) -> Iterator[str]:
    """Yield what to ask of the operations between each line's result and the value that it uses; of many uses, not the same twice."""
    asked: set[str] = set()
    for use in uses:
        for operation in (multiplied(operation) for way in use.ways for operation in way):
            for question in _of(operation, use):
                if len(uses) <= 2 or question not in asked:
                    asked.add(question)
                    yield _filled(question, operation, use.line)


def _of(operation: Operation, use: Use) -> Iterator[str]:
    # Of a sum on the way to something else there is nothing worth asking.
    inner = all(operation is not way[-1] for way in use.ways)
    if operation.name not in COPIES | SAME and not (operation.name == "add" and inner):
        usual = _slope(operation, use.line) if operation.law.endswith("`.") else _MOVES  # a law that ends in a slope
        yield _by_law(operation) or _meeting(operation) or QUESTIONS.get(operation.name, usual)
    if operation.copies:
        yield _COPIED if operation.own != "()" else _ONE_COPIED


def _by_law(operation: Operation) -> str | None:
    """What is asked where one operation has several laws: of the operand on which side, of equal numbers, of new axes."""
    match operation.name, ast.parse(operation.text, mode="eval").body:
        case "div", ast.BinOp(left=above) | ast.Call(func=ast.Attribute(value=ast.Name(id="torch")), args=[above, _]):
            return _DIVIDED if text(above) == operation.operand else None
        case "div", ast.Call(func=ast.Attribute(value=above)):
            return _DIVIDED if text(above) == operation.operand else None
        case "index", _ if operation.law == MOVED:
            return _MOVED
    return _TIED if operation.law.startswith(WON_BY_SEVERAL) else None


def _meeting(operation: Operation) -> str | None:
    """Of a product that sums over an axis: whether what arrives and the other factor have one to meet on."""
    if QUESTIONS.get(operation.name) is not _MEET:
        return None
    if operation.result == "()":
        return QUESTIONS["mul"]
    if operation.name == "linear" and operation.operand == _bias(operation):
        return QUESTIONS["add"]
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
    return "How steep is `{y}` at `{x}`?" + (" Can you say it with {line}, which the forward has already?" if said else "")


def _filled(question: str, operation: Operation, line: Line) -> str:
    beside = "".join(f", and `{text}` is {axes}" for text, axes in operation.beside)
    copies = " and ".join(operation.copies)
    words = {"x": operation.operand, "y": operation.text, "own": operation.own, "result": spoken(operation.result), "line": line.name}
    return question.format(**words, beside=beside, copies=copies)
