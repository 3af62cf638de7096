"""`grade`: find a class's submissions, have them judged in confinement, write marks, feedback and what was not understood."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from backprop_check.classroom.chapters import with_chapters
from backprop_check.classroom.class_list import read_roster
from backprop_check.classroom.formats.canvas import named_column
from backprop_check.classroom.results import Result
from backprop_check.classroom.roll import Roll
from backprop_check.classroom.roster import Roster
from backprop_check.cli.asked import agreed
from backprop_check.cli.main import complain
from backprop_check.errors import BadInput
from backprop_check.exercise.course import exercise_id, find_course, locate
from backprop_check.exercise.definition import check_points, course_exercise, definition
from backprop_check.exercise.outline import Chapter
from backprop_check.grading.cluster import judged_by_cluster
from backprop_check.grading.found import Survey, reading, survey
from backprop_check.grading.grade import Judging, Plan, graded, judged_bytes, planned
from backprop_check.grading.outputs import check_formats, not_renewed, write_outputs
from backprop_check.grading.pages import Pages
from backprop_check.grading.scheduler import check_cluster
from backprop_check.grading.single import write_single
from backprop_check.grading.store import Store, opened
from backprop_check.grading.task import Setup, Task
from backprop_check.records import Exercise


def run(args: argparse.Namespace) -> int:
    if not args.out and not args.dry_run:
        raise BadInput("name the folder for the results with --out (or look first with --dry-run).")
    source, out = Path(args.submissions), Path(args.out) if args.out else None
    roster = read_roster(Path(args.roster)) if args.roster else None
    if roster and args.column:
        roster = replace(roster, column=named_column(roster, args.column))
    check_formats(args.format, roster)
    if args.single and not args.exercise:
        raise BadInput("--single grades one exercise: name it with --exercise.")
    chapters, exercise, known = _exercises(args.exercise)
    seen = survey(source, exercise, {name: asked.path.stem for name, asked in known.items()}, roster, out, args.single)
    found, roll = seen.found, _roll(seen, roster)
    if args.column and len({f.exercise for f in found if f.exercise}) > 1:
        raise BadInput("--column names one column, and these are several exercises: name one with --exercise.")
    if args.dry_run:
        return _show_plan(seen, roll)
    assert out is not None
    if not hasattr(os, "fork"):
        from backprop_check.submission.confinement.layers import NO_FORK

        raise BadInput(NO_FORK)
    if seen.doubt and not args.yes:
        _ask(seen.doubt)
    if args.scheduler:
        check_cluster(args.scheduler)
    elif not args.trust_submissions:
        _refuse_where_open()
    with opened(out, args.fresh) as store:
        setup = _setup(args, {name: known[name] for name in sorted({f.exercise for f in found} & known.keys())}, store)
        try:
            plan, results = _grade(args, source, seen, exercise, setup, store)
        except KeyboardInterrupt:
            kept = len(store.results().keys() & {each.submission for each in found})
            complain(f"interrupted: {kept} of {len(found)} are graded and kept in {out}; the same command goes on from there.")
            raise
        from backprop_check.classroom.outcome import summary
        from backprop_check.cli.screen import show, width

        roll = replace(roll, gone=tuple(result.submission for result in plan.gone), former=plan.former)
        results = with_chapters(results, chapters)
        written = write_outputs(store, results, roster, roll, args.format, chapters)
        roll = replace(roll, not_renewed=not_renewed(store, args.format, roster))
        if args.single:
            here = {each.submission for each in found}
            written += write_single(store, [result for result in results if result.submission in here], args.format)
        show(summary(results, roll, [str(out / name) for name in written], width()))
    return 0


def _roll(seen: Survey, roster: Roster | None) -> Roll:
    students = {f.student for f in seen.found}
    aside = tuple((left.path, left.why) for left in seen.aside)
    if roster is None:
        return Roll(aside=aside)
    absent, strangers = roster.missing(students), roster.strangers(students)
    return Roll(len(students), absent, strangers, aside, guessed=seen.guessed, encoding=roster.guessed)


def _show_plan(seen: Survey, roll: Roll) -> int:
    from backprop_check.classroom.outcome import plan
    from backprop_check.cli.screen import show, width

    rows = sorted((f.student, f.submission, f"{f.exercise or '?'}: it {f.trouble}" if f.trouble else f.exercise) for f in seen.found)
    show(plan(rows, roll, f"Grading asks first (or needs --yes): {seen.doubt}." if seen.doubt else "", width()))
    return 0


def _ask(doubt: str) -> None:
    """Ask whether what was found is so. Raises `BadInput` where nobody can be asked, or says no."""
    if not sys.stdin.isatty():
        raise BadInput(
            f"{doubt}: if they are, say --yes; if not, give each student a folder or a file of their own, or the class list with --roster "
            "(--dry-run shows what is taken)."
        )
    if not agreed(f"{doubt[:1].upper()}{doubt[1:]}. Grade them so? [y/N] "):
        raise BadInput("nothing was graded: --dry-run shows what would be taken.")


def _exercises(asked: str | None) -> tuple[list[Chapter], str | None, dict[str, Exercise]]:
    """Return the chapters of the course, the id asked for, if any, and all exercises that may be meant."""
    course, path = (find_course(Path.cwd()), None) if asked is None else locate(asked, Path.cwd())
    inside = path is None or path.parent.resolve() == course.exercises.resolve()
    found = [(p, course_exercise(course, p)) for p in (course.files() if inside or path is None else [path])]
    check_points(course, found if inside else ())
    known = {exercise_id(p): exercise for p, exercise in found}
    return course.chapters() if inside else [], exercise_id(path) if path is not None else None, known


def _setup(args: argparse.Namespace, exercises: dict[str, Exercise], store: Store) -> Setup:
    texts = {name: definition(exercise) for name, exercise in exercises.items()}
    return Setup(texts, store.secret(), args.time_limit, args.memory_limit, confined=not args.trust_submissions)


def _refuse_where_open() -> None:
    from backprop_check.submission.confinement.layers import layers, left_open, refusal

    reachable = left_open(layers())
    if reachable:
        raise BadInput(refusal(reachable, "--trust-submissions"))


def _grade(
    args: argparse.Namespace, source: Path, seen: Survey, exercise: str | None, setup: Setup, store: Store
) -> tuple[Plan, list[Result]]:
    from backprop_check.cli.grading_bar import bar

    found = seen.found
    by_name = {each.submission: each for each in found}

    def elsewhere(result: Result) -> bool:
        return exercise not in (None, result.exercise) and result.submission in seen.paths

    with reading(source) as read:
        plan = planned(found, read, setup, store, elsewhere)
        pages = Pages(
            store, lambda result: judged_bytes(by_name[result.submission], result, read, setup), [(f.student, f.submission) for f in found]
        )
        for student in {*plan.renewed, *(each.student for each in plan.left)}:
            pages.outdated(student)
        results = [*plan.kept]
        for result in plan.done:
            pages.known(result)
            results.append(result)
        with bar(len(found), plan.done) as told:
            for result in graded(plan, read, setup, store, _judging(args, setup)):
                pages.done(result)
                told(result)
                results.append(result)
    return plan, sorted(results, key=lambda result: result.submission)


def _judging(args: argparse.Namespace, setup: Setup) -> Judging:
    """Return what judges tasks: judges on this machine, or a cluster's."""
    if args.scheduler:
        return lambda tasks: ([result] for result in judged_by_cluster(setup, args.scheduler, tasks))
    return partial(_judged_here, setup, args.jobs or len(os.sched_getaffinity(0)))


def _judged_here(setup: Setup, jobs: int, tasks: Iterable[Task]) -> Iterator[Sequence[Result]]:
    from backprop_check.grading.pool import Pool

    with Pool(setup, jobs) as pool:
        yield from pool.together(tasks)
