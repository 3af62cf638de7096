"""What changes in a pytest run that asks for exercises: which files are collected, and what they are held against."""

from __future__ import annotations

from collections.abc import Generator
from functools import cached_property
from pathlib import Path

import pytest

from backprop_check.pytest_plugin.answers import Answers, Handed, own_answers
from backprop_check.pytest_plugin.nodes import SAID, ExerciseFile, GradientItem, UntoldItem
from backprop_check.pytest_plugin.questions import Question, is_exercise, solutions_above
from backprop_check.pytest_plugin.settings import below, submissions, time_limit


class Collection:
    """The hooks of one run. Raises `UsageError` at once for what cannot be carried out."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._collected: set[Path] = set()
        time_limit(config)
        source = submissions(config)
        self._handed = Handed(source) if source is not None else None
        if self._handed is not None and not hasattr(config, "workerinput"):  # xdist's workers are asked by one that has looked
            _look(self._handed.source, config)

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        nodes = yield
        named = parent.session.isinitpath(file_path)
        if not is_exercise(file_path, named):
            return nodes
        nodes = [node for node in nodes if not isinstance(node, pytest.Module)]  # an exercise is no test module: it is never imported
        solutions = solutions_above(file_path)
        above = [file_path, *file_path.parents]
        if solutions is None or any(map(parent.session.isinitpath, above[: above.index(solutions) + 1])):
            nodes.append(ExerciseFile.from_parent(parent, path=file_path, answering=self._answering))
        return nodes

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """What strangers handed in is no test of this course, and no conftest.py of it; unless it is named."""
        return True if self._strangers is not None and collection_path.is_relative_to(self._strangers) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        handed = self._handed
        if handed is None or not self._collected:
            return
        several = len(self._collected) > 1
        unsure = [item for item in items if isinstance(item, GradientItem) and not item.answers.told]
        if several:
            items[:] = [item for item in items if item not in unsure]
        if handed.problem and (several or not unsure):
            if not hasattr(self._config, "workerinput"):
                raise pytest.UsageError(handed.problem)
            items.append(_failing(session, handed, handed.source.name, handed.problem))  # xdist takes an error here for a crash
        elif several and not any("::" in arg for arg in self._config.args):
            items += [_failing(session, handed, name, f"{name} {found.trouble}.") for name, found in handed.untold.items()]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say of a skip where the gradient stands, not where this package said so."""
        report = yield
        if isinstance(item, GradientItem) and report.skipped and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = str(path), (line or 0) + 1, report.longrepr[2]
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what the learner's own code printed near gradients that did not fail, and what is to be remarked of these."""
        kinds = ("skipped",) if terminalreporter.hasopt("P") else ("passed", "skipped")  # `-rP` shows those that passed
        reports = [report for kind in kinds for report in terminalreporter.getreports(kind)] if self._shows else []
        said = [content for report in reports for name, content in report.sections if name == f"Captured {SAID} call"]
        if said:
            terminalreporter.section("printed and remarked")
            terminalreporter.write_line("\n\n".join(said))

    def _answering(self, question: Question) -> list[Answers]:
        self._collected.add(question.path)
        return self._handed.answers(question) if self._handed is not None else [own_answers(question)]

    @property
    def _shows(self) -> bool:
        return self._handed is None and self._config.option.showcapture != "no"

    @cached_property
    def _strangers(self) -> Path | None:
        source = self._handed.source if self._handed is not None else None
        named = [below(self._config.invocation_params.dir, arg.split("::")[0]) for arg in self._config.args]
        return None if source is None or any(path.is_relative_to(source) for path in named) else source


def _look(source: Path, config: pytest.Config) -> None:
    if not source.exists():
        raise pytest.UsageError(f"--backprop-submission {source}: there is no such file or folder.")
    if config.getoption("backprop_trust_submissions") or config.option.collectonly:
        return
    from backprop_check.submission.confinement.layers import left_open_here, refusal

    if reachable := left_open_here():
        raise pytest.UsageError(refusal(reachable, "--backprop-trust-submissions"))


def _failing(session: pytest.Session, handed: Handed, name: str, why: str) -> UntoldItem:
    whole = f"{handed.source.name}::{name}"
    return UntoldItem.from_parent(session, name=name, nodeid=whole, path=handed.source, why=why)
