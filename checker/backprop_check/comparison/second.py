"""The second look: find answers that are right only because a gradient happens to vanish, or to be 1, here (design, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from backprop_check.comparison.compare import compare
from backprop_check.comparison.held import Held
from backprop_check.records import Exercise, Run, Submission, Verdict
from backprop_check.submission.statements import gradients_used
from backprop_check.trace.graph import Graph


def second_look(
    graph: Graph,
    submission: Submission,
    verdicts: Mapping[str, Verdict],
    perturbed_run: Callable[[frozenset[str]], Run],
    held: Held | None = None,
    passed_over: Callable[[], object] = lambda: None,
) -> dict[str, Verdict]:
    """Return the verdicts of right answers that turn wrong when the gradients they read are perturbed; they stay correct, and say why.

    Adding <r_k, node_k> to the loss perturbs dk and all that follows from it. That is done for exactly the nodes k whose gradients an
    answer reads: an answer that reads none gets no remark. Where all that a run would be for is `held`, there is none, and `passed_over` is
    called in its place.
    """
    known = [name for name in verdicts if name[1:] in graph.exercise.names]
    first = next(iter(verdicts.values())).runs[0]
    trial, taken = first.trial, {name: answer.statement for name, answer in first.answers.items()}
    # One that is not asked for and that the learner writes, `ds = 1` of the result, is a name of theirs: no perturbation reaches it.
    own = set().union(*(s.writes for s in submission.statements)) - set(verdicts)
    reads = {
        name: frozenset(k[1:] for k in gradients_used(name, submission.statements, trial.gradients.keys() - own, taken))
        # A gradient from beside the node's own paths can only be there because the graph makes it equal to one on them.
        & _downstream(graph.exercise, name[1:])
        for name in known
        if verdicts[name].status == "correct" and not _shares_a_statement(name, verdicts, submission)
    }
    held = held or Held()
    digest = held.of(submission, verdicts)
    digests = {name: digest(name, nodes) for name, nodes in reads.items() if nodes}
    found = {}
    for perturbed, names in _groups(graph.exercise, {name: nodes for name, nodes in reads.items() if nodes}):
        if held.know(digests[name] for name in names):
            passed_over()
            continue
        run = perturbed_run(perturbed)
        for name in names:
            wrong = compare(run, name).wrong
            if not wrong:
                held.add(digests[name])
            if wrong == "value":
                vanishing = _vanishing(graph.exercise, verdicts[name], name[1:], reads[name])
                if not vanishing:
                    continue  # equal by the graph itself, whatever arrives from above
                found[name] = replace(verdicts[name], why=verdicts[name].why | {"by-accident"}, accident=vanishing)
    return found


def _groups(exercise: Exercise, reads: Mapping[str, frozenset[str]]) -> list[tuple[frozenset[str], list[str]]]:
    """Gather answers that one perturbation serves: it must reach each answer's node only through the gradients that answer reads."""
    groups: list[tuple[frozenset[str], list[str]]] = []
    for name, nodes in reads.items():
        for i, (perturbed, names) in enumerate(groups):
            together = perturbed | nodes
            if all(_screened(exercise, other[1:], reads[other], together) for other in [*names, name]):
                groups[i] = (together, [*names, name])
                break
        else:
            groups.append((nodes, [name]))
    return groups


def _screened(exercise: Exercise, node: str, screen: frozenset[str], perturbed: frozenset[str]) -> bool:
    """Whether every path of the forward from `node` to a perturbed node meets `screen` first."""
    reached, queue = {node}, [node]
    while queue:
        name = queue.pop()
        if name in perturbed and name != node:
            return False
        users = {line.name for line in exercise.lines if name in line.reads} - screen - reached
        reached |= users
        queue += users
    return node not in perturbed


def _shares_a_statement(name: str, targets: Iterable[str], submission: Submission) -> bool:
    """Whether one statement writes this target and another: which of the two reads what cannot be told apart then."""
    blocks = {s.index for s, after in pairwise(submission.statements) if after.end_line <= s.end_line}
    others = set(targets) - {name}
    return any(name in s.writes and s.writes & others for s in submission.statements if s.index not in blocks)


def _downstream(exercise: Exercise, node: str) -> set[str]:
    below = {node}
    for line in exercise.lines:
        if below.intersection(line.reads):
            below.add(line.name)
    return below


def _vanishing(exercise: Exercise, verdict: Verdict, node: str, read: frozenset[str]) -> tuple[str, ...]:
    """The gradients that are zero here: the node's own, else those of its consumers and those it reads, else the partly zero.

    Without any, those it reads that are 1 everywhere: a factor, a power or a term of such a one goes unseen.
    """
    trial = verdict.runs[0].trial
    if trial.gradients["d" + node].abs().max() <= 1e-9 * trial.scales["d" + node]:
        return ("d" + node,)
    consumers = [line.name for line in exercise.lines if node in line.reads and "d" + line.name in trial.gradients]
    zero = [name for name in (*consumers, *sorted(read)) if trial.gradients["d" + name].abs().max() <= 1e-9 * trial.scales["d" + name]]
    partly = [name for name in (*consumers, *sorted(read)) if (trial.gradients["d" + name] == 0).any()]
    ones = [name for name in sorted(read) if all(bool((run.trial.gradients["d" + name] == 1).all()) for run in verdict.runs)]
    return tuple(dict.fromkeys("d" + name for name in (zero or partly or ones)))
