"""Laws that hang on how an operation is called: on its axes, its reduction, equal numbers, or what an index is made of."""

from __future__ import annotations

import ast
from collections.abc import Callable

from backprop_check.derivation.composite import repeats
from backprop_check.derivation.site import Site

PRODUCT = "In a product, each factor's slope is the other factor."
FACTORS = "In a product, each factor's slope is the product of all the others."
MATMUL = (
    "A matrix product gives each factor back the other one, turned, so that this one meets what arrives on the axis that it brought to "
    "the result."
)
PICKED = "Only what was picked moved the result: it receives the gradient, and everything else 0."
PICKED_AGAIN = "Only what was picked moved the result: it receives the gradient of every place that it went to, and everything else 0."
WON = "Only the winner moved the result"
WON_BY_SEVERAL = "Only what won moved the result"
MOVED = "Only the places change: going back, every number returns to where it came from."
STANDARD = "Moving one number moves the mean and the spread that all are measured by, too."
LENGTH = "The slope of a length is the vector over its length."
COPIES = "Each distance pulls both of its ends along the line between them."
TERMS = "The loss is a mean: all of that is divided by how many terms it has."
AT_LABEL, AT_TARGET = "Softmax, then its log at the label", "Softmax, then its log, weighed by the target"
WEIGHED = "The loss adds up the target times -log p"
BATCH = "`batchmean` divides the sum of the loss by the number of rows, and the gradient too."


def _row(site: Site) -> str:
    """What the numbers along the axis of an operation are called."""
    rank, dims = len(site.shape(site.x)), site.dims
    if dims is None or dims == (rank - 1,):
        return "row"
    return "column" if rank == 2 else f"line along axis {dims[0]}" if len(dims) == 1 else "group"


def times(name: str, law: str | Callable[[Site], str]) -> Callable[[Site], str]:
    """Of an operand that is multiplied by the plain number `name` first, where that is not 1."""

    def said(site: Site) -> str:
        plain = law if isinstance(law, str) else law(site)
        return plain if site.value(name) == 1 else f"{plain[:-1]}, times `{name}`, by which it was multiplied."

    return said


def softmax(site: Site) -> str:
    row = _row(site)
    return f"Each score moves all the probabilities of its {row}: the {row}'s weighted mean of the gradient comes off."


def softmin(site: Site) -> str:
    return f"{softmax(site)[:-1]}, and all turns its sign with the score."


def log_softmax(site: Site) -> str:
    row = _row(site)
    return (f"Every number of a {row} has the {row}'s logsumexp taken off: "
            f"what arrives at the whole {row} is added up, times the softmax, and comes off.")  # fmt: skip


def winner(site: Site) -> str:
    """Of equal numbers `max` along an axis takes the first; `amax`, and `max` of all, share the gradient."""
    if not repeats(site):
        return f"{WON}: it receives the gradient, and everything else 0."
    if site.dims is not None and "index" in site.arguments:
        return f"{WON}, of equal ones a single one: it receives the gradient, and everything else 0."
    return f"{WON_BY_SEVERAL}: where several are equal and win, each receives its share of the gradient; everything else 0."


def of_two(larger: bool, shared: bool = True) -> Callable[[Site], str]:
    """Of `torch.maximum` and its like."""
    said = f"It moved the result only where it is the {'larger' if larger else 'smaller'} one: there it receives the gradient, elsewhere 0."

    def law(site: Site) -> str:
        import torch

        ties = bool(torch.isin(torch.as_tensor(site.value("a")), torch.as_tensor(site.value("b"))).any())
        return f"{said} Where the two are equal, {'either receives half.' if shared else 'one of them receives it.'}" if ties else said

    return law


def index(site: Site) -> str:
    """Of `x[...]`: new axes pick nothing, and an index of numbers may pick the same one again."""
    import torch

    given = site.arguments["index"]
    elements = given.elts if isinstance(given, ast.Tuple) else [given]
    values = [None if isinstance(e, ast.Slice) else site.evaluate(e) for e in elements]
    if site.evaluate(site.out).numel() == site.evaluate(site.x).numel() and all(v is None or v is Ellipsis for v in values):
        return MOVED
    several = any(isinstance(v, list | range) or (isinstance(v, torch.Tensor) and v.dtype != torch.bool and v.dim() > 0) for v in values)
    return PICKED_AGAIN if several else PICKED


def diag(site: Site) -> str:
    return MOVED if len(site.shape(site.x)) == 1 else PICKED


def matmul(mine: str) -> Callable[[Site], str]:
    """Of `a @ b`, for the operand `mine`: with a vector, the other factor either has no axis to be summed over, or is used as it is."""

    def law(site: Site) -> str:
        rank, other = (len(site.shape(site.arguments[name])) for name in (mine, "b" if mine == "a" else "a"))
        return MATMUL if rank > 1 and other > 1 else product(rank, other)

    return law


def product(rank: int, other: int) -> str:
    """A product with a vector in it: of the operand's rank and the other one's."""
    if rank == other == 1:
        return PRODUCT
    if other == 1:
        return "Each number of the result is a line of the matrix times the vector: what arrives there goes to that line, times the vector."
    return "Each number of the vector was multiplied with a line of the matrix: what arrives meets that line, and is added up."


def linear_input(site: Site) -> str:
    """`F.linear` turns its weight, which comes back as it stands."""
    if len(site.shape(site.arguments["w"])) == 1:
        return product(len(site.shape(site.arguments["x"])), 1)
    return "`F.linear` turns its weight forward: going back, what arrives meets it as it stands, on its first axis."


def linear_weight(site: Site) -> str:
    rank, own = len(site.shape(site.arguments["x"])), len(site.shape(site.arguments["w"]))
    if own == 1:
        return product(1, rank)
    if rank == 1:
        return "Each number of the result is a row of the weight times the input: what arrives there goes to the row, times the input."
    return "The weight receives what arrives, turned, times the input: they meet on every axis but the last."


def of_order(site: Site) -> str:
    """The slope of a norm, by its order."""
    p = site.value("p")
    if p in (None, 2, "fro"):
        return LENGTH
    if p == 1:
        return "The slope of a sum of sizes is each number's sign."
    if p in (float("inf"), float("-inf")):
        return "Only the number that decides the norm moved it: it receives the gradient, with its sign."
    return "The slope of a norm of order p is each number's sign, times its size over the norm to the power p - 1."


def normalized(site: Site) -> str:
    if site.value("p") == 2:
        return "What points along the result cannot turn it: that part of the gradient comes off."
    return "Each number is divided by the norm, and moves the norm that all are divided by, too."


def distance(site: Site) -> str:
    return COPIES if site.value("p") == 2 else "Each difference counts by its size: either end receives its sign."


def statistics(site: Site) -> str:
    """What a batch norm measures by is its own numbers in training only."""
    own = site.value("training" if "training" in site.arguments else "use_input_stats")
    return STANDARD if own else "By a mean and a spread that are given, each number is only shifted and scaled."


def gelu(site: Site) -> str:
    if site.value("approximate") == "tanh":
        return "This gelu has a tanh in the place of the normal distribution: its slope has the slope of tanh in it."
    return "The slope of gelu is"


def differences(site: Site) -> str:
    once = "Each number was added to one difference, and taken off the next."
    return once if site.value("n") == 1 else f"{once} Each round of differences does so again."


def put_over(site: Site) -> str:
    """What an `index_put` is put into."""
    return "A plus hands its gradient on unchanged." if site.value("accumulate") else WRITTEN[0]


WRITTEN = (
    "What was written over never reached the result; all else is handed on.",
    "What was written receives the gradient of the places that it went to.",
)


def term(law: str) -> Callable[[Site], str]:
    """Of a loss that is made of terms, as `law` says, and their mean or sum."""

    def of_loss(site: Site) -> str:
        weighed = " A weight multiplies backward as it does forward." if "weight" in site.arguments and site.given("weight") else ""
        return f"{law}{weighed}{_shared(site)}"

    return of_loss


def _shared(site: Site) -> str:
    reduction = (site.value("reduction") if "reduction" in site.arguments else None) or "mean"
    return {"mean": f" {TERMS}", "batchmean": f" {BATCH}"}.get(reduction, "")


def cross_entropy(site: Site) -> str:
    """What the scores receive: the softmax minus what is due here, and what each row counts for."""
    labels, weight = _of_labels(site), site.given("weight")
    smooth = bool(site.value("label_smoothing"))
    due = "the one-hot label" if labels else "the target"
    due = f"{due}, smoothed" if smooth else due
    whole = labels or bool(((site.value("target").sum(0 if len(site.shape(site.x)) == 1 else 1) - 1).abs() < 1e-9).all())
    if labels and weight and not smooth:
        back = f"(its softmax minus {due}), times the label's weight"
    elif weight:
        back = f"its softmax times the sum of {due} times the weights of the classes, minus {due} times these weights"
    else:
        back = f"its softmax minus {due}" if whole else f"its softmax times the sum of {due}, minus {due}"
    return f"{AT_LABEL if labels else AT_TARGET}: each row of scores receives {back}.{_of_rows(site)}"


def _of_rows(site: Site) -> str:
    """What a row counts for in a loss over rows."""
    ignored = _ignores(site)
    none = " A row whose label is ignored receives 0." if ignored else ""
    if (site.value("reduction") or "mean") != "mean":
        return none
    if site.given("weight") and _of_labels(site):
        return f"{none} The loss is a weighted mean over the rows: that is divided by the sum of their labels' weights."
    if len(site.shape(site.x)) == 1 and not ignored:
        return none
    return f"{none} The loss is a mean over the rows: that is divided by how many {'count' if ignored else 'they are'}."


def cross_entropy_target(site: Site) -> str:
    smooth = " A smoothed target counts times 1 - `label_smoothing`." if site.value("label_smoothing") else ""
    weighed = " Each class counts times its weight." if site.given("weight") else ""
    return f"{WEIGHED}, with p the softmax: -log p comes back.{smooth}{weighed}{_of_rows(site)}"


def nll_loss(site: Site) -> str:
    times = ", times the weight of the label" if site.given("weight") else ""
    return f"The loss reads one number a row, at the label, with a minus{times}.{_of_rows(site)}"


def _of_labels(site: Site) -> bool:
    return not bool(site.value("target").is_floating_point())


def _ignores(site: Site) -> bool:
    return _of_labels(site) and bool((site.value("target") == site.value("ignore_index")).any())


def binary(site: Site) -> str:
    if site.given("pos_weight"):
        law = "Sigmoid, then its log: with p the sigmoid and t the target, (1 - t) * p + `pos_weight` * t * (p - 1) comes back."
    else:
        law = "Sigmoid, then its log: what comes back is the sigmoid minus the target."
    return term(law)(site)


def divergence(site: Site) -> str:
    exp = " (here exp of what was given)" if site.value("log_target") else ""
    return term(f"The loss takes off the logs, with the target{exp} as weights: minus the target comes back.")(site)


def divergence_target(site: Site) -> str:
    own = "by its exp, and as itself" if site.value("log_target") else "as a weight, and by its own log"
    return term(f"The target counts twice: {own}.")(site)


def smooth_l1(site: Site) -> str:
    over = "" if site.value("beta") == 1 else " over `beta`"
    return term(f"The slope is the distance{over} where it is small, and its sign elsewhere.")(site)
