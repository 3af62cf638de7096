"""The server: what the editor tells it, and what it answers. It judges nothing, and a mistake of ours is a message in the editor's log."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from backprop_check import __version__
from backprop_check.cli.asked import Asked
from backprop_check.cli.hint import answer_of
from backprop_check.lsp.actions import COMMAND, actions
from backprop_check.lsp.checks import Checked, Checks, exercise_at
from backprop_check.lsp.convert import Page, diagnostics, hover, of_the_file, touching
from backprop_check.lsp.workers import Superseded
from backprop_check.records import Gradient, Report
from backprop_check.report.hint.ladder import STEPS


class Server(LanguageServer):
    """What is known of the open exercises, by uri: the last check, and the hints given here (by gradient and answer, by number)."""

    def __init__(self, time_limit: float) -> None:
        super().__init__("backprop-check", __version__)
        self.checks = Checks(time_limit)
        self.checked: dict[str, Checked] = {}
        self.hints: dict[tuple[str, str, str], dict[int, str]] = {}

    def log(self, message: str) -> None:
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))

    def report_server_error(self, error: Exception, source: object) -> None:
        self.log("".join(traceback.format_exception(error)))

    def page(self, uri: str) -> Page:
        return Page(uri, self.checked[uri].lines, self.workspace.position_codec)

    def unchanged(self, uri: str) -> bool:
        """Whether the editor's text is the one that was checked."""
        return re.sub("\r\n?", "\n", self.workspace.get_text_document(uri).source).rstrip("\n") == self.checked[uri].text.rstrip("\n")

    def given(self, uri: str, report: Report, gradient: Gradient) -> dict[int, str]:
        """The hints on a gradient as it is answered now that were given here, by number."""
        assert report.submission is not None
        return self.hints.setdefault((uri, gradient.verdict.target.name, answer_of(report.submission, gradient)), {})

    def reached(self, uri: str, question: Asked, report: Report, gradient: Gradient) -> int:
        """The last hint that was given on a gradient: as the course's store says, or here, where nothing can be stored."""
        assert report.submission is not None
        stored = question.progress.reached(question.id, gradient.verdict.target.name, answer_of(report.submission, gradient))
        return max(stored, *self.given(uri, report, gradient), 0)

    async def check(self, uri: str) -> None:
        """Check a file as it is saved, and show what is found."""
        question = self.question(uri)
        if question is None:
            return
        try:
            checked = self.checked[uri] = await self.checks.check(question)
            page = self.page(uri)
            found = diagnostics(checked.report, page) if checked.report is not None else [of_the_file(checked.message, page)]
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found))
        except Superseded:
            pass
        except Exception as error:
            self.report_server_error(error, type(error))

    def question(self, uri: str) -> Asked | None:
        path = to_fs_path(uri) if uri.startswith("file:") else None
        return exercise_at(Path(path)) if path is not None else None


def serve(reader: BinaryIO, writer: BinaryIO, time_limit: float) -> None:
    """Serve one editor until it says `exit` or goes away."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it tells of every message; what matters is told to the editor
    server = Server(time_limit)
    _register(server)
    try:
        server.start_io(reader, writer)
    finally:
        server.checks.close()


def _register(server: Server) -> None:
    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        await server.checks.load()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        await server.check(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        await server.check(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        if server.checked.pop(params.text_document.uri, None) is not None:
            server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        uri, line = params.text_document.uri, params.position.line
        report = server.checked[uri].report if uri in server.checked else None
        now = server.workspace.get_text_document(uri).lines
        if report is None or report.submission is None or not _same_line(now, server.checked[uri].lines, line):
            return None
        hints = {g.verdict.target.name: server.given(uri, report, g) for g in report.gradients}
        markdown = types.MarkupKind.Markdown in _formats(server)
        text = hover(report, line + 1, hints, markdown)
        kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
        return types.Hover(types.MarkupContent(kind, text), server.page(uri).line(line + 1)) if text else None

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions([types.CodeActionKind.QuickFix]))
    def offered(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        report = server.checked[uri].report if uri in server.checked else None
        question = server.question(uri)
        if report is None or report.submission is None or question is None:
            return []
        unchanged, fixes = server.unchanged(uri), server.checked[uri].fixes
        named = {d.data for d in params.context.diagnostics if d.source == "backprop-check"}
        here = touching(report, params.range.start.line + 1, params.range.end.line + 1) if unchanged else []
        about = {g.verdict.target.name: g for g in report.gradients if g.verdict.target.name in fixes}
        return [
            action
            for name, gradient in about.items()
            if gradient in here or name in named
            for action in actions(name, fixes[name], server.reached(uri, question, report, gradient), server.page(uri), unchanged)
        ]

    @server.command(COMMAND)
    async def hint(uri: str, target: str, number: int) -> str:
        """Give a hint of at most the number that is due, show it as a message, and keep it for the hover. Its text is the result."""
        report = server.checked[uri].report if uri in server.checked else None
        question = server.question(uri)
        gradient = next((g for g in report.gradients if g.verdict.target.name == target), None) if report is not None else None
        if report is None or report.submission is None or question is None or gradient is None or gradient.verdict.status == "correct":
            text = f"{target}: there is nothing to hint at. Save the file to have it checked."
        else:
            reached = server.reached(uri, question, report, gradient)
            number = max(1, min(number, reached + 1, STEPS))
            if number > reached:
                question.progress.climb(question.id, target, answer_of(report.submission, gradient), STEPS)
            text = server.given(uri, report, gradient)[number] = await server.checks.hint(question, report, target, number)
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))
        return text


def _same_line(now: Sequence[str], checked: Sequence[str], line: int) -> bool:
    return line < min(len(now), len(checked)) and now[line].rstrip("\r\n") == checked[line]


def _formats(server: Server) -> list[types.MarkupKind]:
    document = server.client_capabilities.text_document
    return list((document.hover.content_format if document and document.hover else None) or [])
