"""`dev check --mutants`: which slips in its solution an exercise shows, and what is said of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.text import Text

from backprop_check.__main__ import INTERRUPTED
from backprop_check.cli.dev import asked
from backprop_check.cli.main import complain
from backprop_check.cli.matrix import details, legend, markdown, table
from backprop_check.cli.screen import progress, show, width, write
from backprop_check.cli.workers import workers

if TYPE_CHECKING:
    from backprop_check.authoring.matrix import Mutations, Tally
    from backprop_check.submission.workers import Workers


def run(args: argparse.Namespace) -> int:
    """Judge the mutants of the exercises named (default: all of the course). Returns 1 when a wrong one passes, else 0."""
    course, paths = asked(args.exercises)
    solutions = [course.solution(path) for path in paths]
    done: list[Tally] = []
    with workers(args) as zygote:
        from backprop_check.authoring.matrix import read_mutations, total

        try:
            made = [read_mutations(solution) for solution in solutions]
            with progress("judging mutants", sum(mutations.count for mutations in made)) as advance:
                done.extend(_judged(mutations, zygote, advance, args.markdown) for mutations in made)
        except KeyboardInterrupt:
            complain(f"stopped; {len(done)} of {len(paths)} exercises are done.")
            return INTERRUPTED
    every = total("all", done)
    if args.markdown:
        write(markdown([*done, every]))
    else:
        show([*([table("exercise", done, every)] if len(done) > 1 else []), *legend(width())])
    return 0 if every.caught == every.mutants else 1


def _judged(mutations: Mutations, zygote: Workers, advance: Callable[[], None], quiet: bool) -> Tally:
    """Judge one exercise, show what was found unless `quiet`, and return its counts."""
    from backprop_check.authoring.matrix import rows, tell, total

    told = []
    for one in tell(mutations, zygote):
        told.append(one)
        advance()
    exercise, counts = mutations.graph.exercise, rows(mutations, told)
    every = total("all", counts)
    if not quiet:
        title = Text.assemble((f"{exercise.id}: ", "bold"), exercise.title)
        show([title, table("gradient", counts, every), *details(mutations, told, width())])
    return total(exercise.id, counts)
