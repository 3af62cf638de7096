"""JUnit XML as continuous integration reads it: one suite a submission, one case a gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from backprop_check.classroom.formats.each import share
from backprop_check.classroom.formats.stems import stem
from backprop_check.classroom.formats.told import brief, codes, explained, summary, unjudged
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.report.layout import visible

NAME = "junit"
KINDS = {"incorrect": "failure", "error": "error", "missing": "skipped"}


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `junit.xml`. It holds neither a clock time nor a host: the same results make the same file."""
    root = ElementTree.Element("testsuites", name="backprop-check")
    root.extend(_suite(result) for result in results)
    _count(root, sum(result.seconds for result in results))
    ElementTree.indent(root)
    yield "junit.xml", ElementTree.tostring(root, encoding="utf-8", xml_declaration=True).decode() + "\n"


def _suite(result: Result) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=visible(result.submission))
    told = {"student": result.student, "exercise": result.exercise, "outcome": result.outcome, **_points(result.report)}
    chapter = {"chapter": result.chapter} if result.chapter else {}
    _properties(suite, {**told, **chapter}.items())
    for gradient in result.report["gradients"]:
        suite.append(_case(result, gradient))
    if not result.report["gradients"]:
        case = _empty_case(result, result.exercise or "submission")
        ElementTree.SubElement(case, "error", message=visible(unjudged(result)), type=result.outcome).text = summary(result)
        suite.append(case)
    _count(suite, result.seconds)
    ElementTree.SubElement(suite, "system-out").text = summary(result)
    return suite


def _case(result: Result, gradient: dict[str, Any]) -> ElementTree.Element:
    case = _empty_case(result, gradient["name"])
    if gradient["line"]:
        case.set("line", str(gradient["line"]))
    _properties(case, _points(gradient).items())
    if gradient["status"] == "missing":
        ElementTree.SubElement(case, "skipped", type="missing", message=brief(gradient))
    elif gradient["status"] != "correct":
        kind = ",".join(codes(gradient)) or gradient["status"]
        ElementTree.SubElement(case, KINDS[gradient["status"]], message=brief(gradient), type=kind).text = explained(gradient)
    elif gradient["remarks"]:
        ElementTree.SubElement(case, "system-out").text = explained(gradient)
    return case


def _empty_case(result: Result, name: str) -> ElementTree.Element:
    """Return a case. Readers tell cases apart by class name and name, so the class name has the submission in it."""
    classname = f"{visible(result.exercise) or 'submission'}.{stem(result.submission)}"
    file = visible(result.submission)
    return ElementTree.Element("testcase", classname=classname, name=visible(name), time=f"{share(result):.4f}", file=file)


def _points(marked: Any) -> dict[str, str]:
    return {"score": f"{marked['score']:g}", "max_score": f"{marked['max_score']:g}"}


def _properties(parent: ElementTree.Element, told: Iterable[tuple[str, str]]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in told:
        ElementTree.SubElement(properties, "property", name=name, value=visible(value))


def _count(parent: ElementTree.Element, seconds: float) -> None:
    counts = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for name, tag in counts.items():
        parent.set(name, str(sum(1 for _ in parent.iter(tag))))
    parent.set("time", f"{seconds:.4f}")
