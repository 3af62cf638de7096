"""The frozen records that pass between the stages, in the order of the flow. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Status = Literal["correct", "incorrect", "error", "missing"]
Certainty = Literal["proven", "one-of", "located"]
Outcome = Literal["judged", "timeout", "memory", "crashed", "unreadable", "refused"]
"""How judging a whole submission ended."""
Span = tuple[int, int, int, int]


@dataclass(frozen=True)
class Line:
    """One line of the forward: `name = source  # axes`."""

    name: str
    source: str
    axes: str
    number: int
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """One gradient to write; `name` is `d<node>`, `line` the stub's line in the exercise file."""

    name: str
    line: int
    axes: str

    @property
    def node(self) -> str:
        return self.name[1:]


@dataclass(frozen=True)
class Exercise:
    """What an exercise file says, read without running it. `sizes` are the nominal ones; a target is worth 1 where `points` has none.

    `notices` say where the learner's copy of it is not what the course asks.
    """

    id: str
    path: Path
    title: str
    story: str
    source: str
    sizes: Mapping[str, int]
    inputs: tuple[str, ...]
    lines: tuple[Line, ...]
    output: str
    parameters: tuple[str, ...]
    targets: tuple[Target, ...]
    points: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the forward: its arguments, then its lines."""
        return (*self.inputs, *(line.name for line in self.lines))

    @property
    def takes_cotangent(self) -> bool:
        """Whether `backward` is given the output's cotangent, as it is when the output is a tensor."""
        return "d" + self.output in self.parameters


@dataclass(frozen=True)
class Trial:
    """The oracle for one seed and one choice of sizes.

    `values` are the forward's (float tensors in `dtype`), with the output's cotangent when it is a tensor;
    `gradients` and `scales` are keyed `d<node>`: autograd's float64 gradient, and the size of its terms before cancellation. So is
    `rounding`: what `max|Δ| / scale` may be of a float32 answer, where that was measured or is the caller's choice.
    """

    seed: int
    sizes: Mapping[str, int]
    dtype: torch.dtype
    values: Mapping[str, Any]
    gradients: Mapping[str, torch.Tensor]
    scales: Mapping[str, float]
    perturbed: frozenset[str] = frozenset()
    rounding: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """A stretch of a submission that does not parse; it was blanked so that the rest could be read.

    `help` is the move, where one is known; `pauses` says that it is Python, but cannot run here. `code` is the mistake's.
    """

    line: int
    column: int
    message: str
    source: str
    target: str | None
    help: str = ""
    pauses: bool = False
    code: str = "syntax-error"


@dataclass(frozen=True)
class Statement:
    """One guarded statement of `backward`, numbered in the order in which it stands.

    `writes` are the names it binds or changes by their own name; `reads` those it loads.
    """

    index: int
    line: int
    end_line: int
    source: str
    writes: frozenset[str]
    reads: frozenset[str]
    value: str | None


@dataclass(frozen=True)
class Outer:
    """A statement outside `backward`: its line in the prelude, where that is for a reader ("line 3"), its first line, the names it gives.

    `why` says what keeps it from running: "loop", "call", "main" (under `if __name__ == "__main__"`), "attempt" (another `%%backward`),
    "broken" (it does not parse) or "other"; "" where it runs. `module` is the file beside the submission that it stands in, if any.
    """

    line: int
    where: str
    source: str
    names: frozenset[str]
    why: str = ""
    module: str = ""


@dataclass(frozen=True)
class Module:
    """A module that was handed in beside a submission: its path, its text, and the names that are read of it ("*": all)."""

    path: str
    text: str
    wants: frozenset[str] = frozenset()

    @property
    def is_package(self) -> bool:
        return not self.path or self.path.endswith("__init__.py")


@dataclass(frozen=True)
class Submission:
    """A learner's file: what of it runs (what `needs` reads of `prelude`, then `body`), and what its `backward` says.

    `bare` marks a notebook cell that is the body itself. `place` names the file and, in a notebook, the cell. `text` is what the learner
    wrote, `body` what runs of it: there, lines that do not parse are blanked. `unknown` are parameters that no value of the forward has the
    name of, `notices` what is to be said of the file as a whole. `above` are the statements of the prelude that run, in order; `others`
    give names that `backward` reads and do not run, or run in one of `modules`; `trouble` is what went wrong in a run: (-1 for the first
    of `above`, -2 for the second, ...; the error).
    """

    path: Path
    place: str
    prelude: str
    body: str
    bare: bool
    parameters: tuple[str, ...]
    statements: tuple[Statement, ...]
    broken: tuple[Broken, ...]
    oracle_calls: Mapping[int, str]
    helpers_asking: Mapping[str, tuple[int, str]]
    text: str = ""
    unknown: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    above: tuple[Outer, ...] = ()
    others: tuple[Outer, ...] = ()
    modules: Mapping[str, Module] = field(default_factory=dict)
    trouble: tuple[tuple[int, str], ...] = ()

    @property
    def lines(self) -> list[str]:
        return self.body.split("\n")


@dataclass(frozen=True)
class Raised:
    """An exception of the learner's code, as the worker tells it. `kind` is the class's name."""

    kind: str
    message: str
    statement: int
    span: Span | None


@dataclass(frozen=True)
class Answer:
    """What the learner's code gave for one target in one trial.

    `state`: "tensor" (then `dtype`, `shape` and, unless it is too large to send, `value`), "missing" (`...` or never assigned), "raised",
    or "other" (`kind` names the type). `dtype` is the learner's own, also where float32 was read as float64 and `value` is that. `early` is
    the value at the last statement that names the target, when a later one changed it.
    """

    state: Literal["tensor", "missing", "raised", "other"]
    statement: int | None = None
    value: torch.Tensor | None = None
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    kind: str | None = None
    raised: Raised | None = None
    early: Answer | None = None


@dataclass(frozen=True)
class Run:
    """One trial and all that the learner's code gave in it.

    `changed` lists (forward name, statement) for values changed in place, `rebound` the same for names given another value; `order` the
    targets as their answers came: each may rest on the oracle's gradients of those before it. `passed` are the statements that stopped
    (or, of the kind "return", left `backward`) and were passed over.
    """

    trial: Trial
    answers: Mapping[str, Answer]
    changed: tuple[tuple[str, int], ...] = ()
    rebound: tuple[tuple[str, int], ...] = ()
    order: tuple[str, ...] = ()
    passed: tuple[Raised, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One answer against the oracle in one trial. `wrong` says what is compared first and fails first.

    `unjudged` counts the places where autograd's own gradient is not finite and the answer is.
    """

    wrong: Literal["", "raised", "kind", "shape", "dtype", "value"]
    exact: bool = False
    max_abs: float | None = None
    max_rel: float | None = None
    worst: tuple[int, ...] | None = None
    unjudged: int = 0


@dataclass(frozen=True)
class Verdict:
    """The judgement of one target: its status, the runs it rests on and the worst of them (an index into `runs`).

    `why` names judgements that no single trial shows: "aliased", "autograd-used" (how is in `asked`), "hard-coded-size", "float32"
    (right once float32 is read as float64, or in an all-float32 run), "by-accident" (`accident` names the gradients it rests on),
    "rebound" (right once forward names are put back). `unseen` is one run more, of a wrong answer: nothing is sought in it, and what is
    said must hold in it too.
    """

    target: Target
    status: Status
    runs: tuple[Run, ...]
    differences: tuple[Difference, ...]
    worst: int
    why: frozenset[str] = frozenset()
    accident: tuple[str, ...] = ()
    asked: str = ""
    unseen: Run | None = None

    @property
    def run(self) -> Run:
        return self.runs[self.worst]

    @property
    def answer(self) -> Answer:
        return self.run.answers[self.target.name]

    @property
    def difference(self) -> Difference:
        return self.differences[self.worst]


@dataclass(frozen=True)
class Operation:
    """One operation of a line of the forward, on the way back through it to a node, in the forward's own words.

    `name` and `law` are those of the table of laws, `operand` is the part that holds the node; `own` and `result` are their axes by name.
    Where the operand was used again along axes of what it was `stretched` to, `along` numbers them. `beside` are the other tensors with
    their axes.
    """

    name: str
    law: str
    text: str
    operand: str
    own: str
    result: str
    stretched: tuple[str, ...]
    along: tuple[int, ...]
    beside: tuple[tuple[str, str], ...]

    @property
    def copies(self) -> tuple[str, ...]:
        """The axes along which the operand was used again: `axis 1 (C)`."""
        return tuple(f"axis {axis} ({self.stretched[axis]})" for axis in self.along)


@dataclass(frozen=True)
class Moved:
    """A number of a line (`probs[2, 0]`) that moves `slope` times as much as the node's number looked at; `arrives` is its gradient."""

    place: str
    slope: float
    arrives: float


@dataclass(frozen=True)
class Use:
    """One line that uses `node`. `upstream` is the name of the gradient that arrives there, empty where `backward` has none for it.

    `ways` are its operations from the result down to each use of the node, none where the table of laws does not know them. `moved` are
    some of the `count` numbers that move with the one looked at, and `share` is what comes back from all of them. `flows` says whether the
    line moves with any number of the node.
    """

    node: str
    line: Line
    axes: str
    upstream: str
    ways: tuple[tuple[Operation, ...], ...]
    moved: tuple[Moved, ...]
    count: int
    share: float
    flows: bool


@dataclass(frozen=True)
class Lesson:
    """What the graph itself teaches of one gradient: its laws, and one number of the node followed through the chain rule.

    `place` is where that number stands (`[2, 0]`), `gradient` its gradient, `given` the learner's, where there is one. `beyond` are the
    uses of lines whose gradient has no name, up to where one arrives that has; they have laws, but no numbers. `expression` is the derived
    one, None where there is none, and `outside` says why; `shapes` are the axes of every tensor a line may name.
    """

    name: str
    axes: str
    place: str
    uses: tuple[Use, ...]
    beyond: tuple[Use, ...]
    gradient: float
    given: float | None
    expression: str | None
    outside: str
    shapes: Mapping[str, str]


@dataclass(frozen=True)
class Claim:
    """A checked fact that a text is written from: its kind, and its fields as plain data. `docs/claims.md` says what each kind means."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """One cause, in the contract's words (design, section 6).

    `error` says what is wrong (short: it stands behind the caret), `note` why, `help` the move in words, `evidence` what was computed.
    `span` is (line, column, end line, end column), lines from 1 and columns from 0, in characters of the submission's `body`. `also` are
    the other places of a cause that stands in several, each with what is there; JSON has one span only, so `note` names their lines.
    `near` is, of an answer of several statements, what has to be done ("line 27 reads", "this follows line 27") and the statement.
    `question` is the heading on the mistake's page of what this answer is asked, where its shapes and loops do not tell (`pages.VARIANTS`).
    """

    code: str
    certainty: Certainty
    error: str
    note: str = ""
    help: str = ""
    span: Span | None = None
    evidence: str = ""
    fix: str | None = None
    also: tuple[tuple[Span, str], ...] = ()
    claims: tuple[Claim, ...] = ()
    near: tuple[str, str] | None = None
    question: str = ""


@dataclass(frozen=True)
class Gradient:
    """A verdict with its explanation, ready to be shown. `printed` are the lines that code near it printed, by the line it stands in;
    `figures` says whether differences may be told.
    """

    verdict: Verdict
    line: int | None
    source: str | None
    axes: str
    diagnoses: tuple[Diagnosis, ...] = ()
    remarks: tuple[Diagnosis, ...] = ()
    points: float = 1.0
    printed: tuple[tuple[int, tuple[str, ...]], ...] = ()
    figures: bool = True


@dataclass(frozen=True)
class Report:
    """All that one check found. `message` says why nothing could be judged, else None."""

    exercise: Exercise
    submission: Submission | None
    gradients: tuple[Gradient, ...] = ()
    message: str | None = None
    notices: tuple[str, ...] = field(default=())

    @property
    def status(self) -> Literal["passed", "failed", "error"]:
        if self.message is not None:
            return "error"
        return "passed" if all(g.verdict.status == "correct" for g in self.gradients) else "failed"
