"""The language server, asked by a client over its standard input and output, as an editor asks it."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import shlex
import socket
import sys
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.workspace import PositionCodec

import backprop_check
from backprop_check.cli.main import main
from backprop_check.exercise.course import packaged_course
from backprop_check.flow import check
from backprop_check.lsp.checks import Checks, exercise_at
from backprop_check.lsp.convert import Page, _block, _prose
from backprop_check.lsp.fix import fix_edits
from backprop_check.lsp.server import Server
from backprop_check.lsp.workers import Breakable, Superseded
from backprop_check.submission.spawner import Spawner
from backprop_check.submission.workers import Workers
from backprop_check.submission.zygote import Zygote

ROOT = Path(backprop_check.__file__).parents[1]
PATIENCE = 120
SEVERITY = types.DiagnosticSeverity
RIGHT = {
    "dact": "torch.ones_like(act)",
    "dprobs": "(1 - act**2) * dact",
    "dcounts": "counts_sum_inv * dprobs",
    "dcounts_sum_inv": "(counts * dprobs).sum(1, keepdim=True)",
}
WITHOUT_FORK = "import os, sys; del os.fork; from backprop_check.cli.main import main; sys.exit(main(sys.argv[1:]))"
LOST = "(counts * dprobs).sum(1)"

T = TypeVar("T")


class Editor:
    """A client with its loop in a thread. `shown` are the diagnostics that came, in order."""

    def __init__(self, folder: Path, forks: bool = True) -> None:
        self.folder, self.log = folder, folder / "stdout"
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.client = LanguageClient("editor", "1")
        self.shown: list[types.PublishDiagnosticsParams] = []
        self.messages: list[str] = []
        self.logged: list[str] = []
        self.came = threading.Condition()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            with self.came:
                self.shown.append(params)
                self.came.notify_all()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def log(params: types.LogMessageParams) -> None:
            self.logged.append(params.message)

        # What the server writes is kept too, byte by byte.
        program = ["-m", "backprop_check"] if forks else ["-c", WITHOUT_FORK]
        server = shlex.join([sys.executable, *program, "lsp", "--stdio", "--time-limit", "2"])
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.do(self.client.start_io("/bin/sh", "-c", f"{server} | tee {shlex.quote(str(self.log))}", env=environment))
        able = types.ClientCapabilities(
            general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf16]),
            text_document=types.TextDocumentClientCapabilities(
                hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown])
            ),
        )
        self.do(self.client.initialize_async(types.InitializeParams(able, process_id=os.getpid())))
        self.client.initialized(types.InitializedParams())

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def tell(self, notify: Any, params: Any) -> None:
        self.loop.call_soon_threadsafe(notify, params)

    def open(self, path: Path) -> None:
        item = types.TextDocumentItem(path.as_uri(), types.LanguageKind.Python, 1, path.read_text(encoding="utf-8"))
        self.tell(self.client.text_document_did_open, types.DidOpenTextDocumentParams(item))

    def save(self, path: Path, text: str) -> None:
        self.type(path, text)
        written = self.folder / "written"  # a check that runs reads the text before or after, never a part
        written.write_text(text, encoding="utf-8")
        written.replace(path)
        self.tell(self.client.text_document_did_save, types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(path.as_uri())))

    def type(self, path: Path, text: str) -> None:
        """Change a text without saving it."""
        whole = [types.TextDocumentContentChangeWholeDocument(text)]
        document = types.VersionedTextDocumentIdentifier(2, path.as_uri())
        self.tell(self.client.text_document_did_change, types.DidChangeTextDocumentParams(document, whole))

    def found(self, path: Path, count: int) -> list[types.Diagnostic]:
        """Wait for the diagnostics of a file to come for the `count`th time."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.of(path)) >= count, PATIENCE), self.logged
        return list(self.of(path)[count - 1].diagnostics)

    def of(self, path: Path) -> list[types.PublishDiagnosticsParams]:
        return [params for params in self.shown if params.uri == path.as_uri()]

    def at(self, path: Path, line: int, *shown: types.Diagnostic) -> dict[str, types.CodeAction | types.Command]:
        where = types.Range(types.Position(line, 0), types.Position(line, 0))
        params = types.CodeActionParams(types.TextDocumentIdentifier(path.as_uri()), where, types.CodeActionContext(list(shown)))
        return {action.title: action for action in self.do(self.client.text_document_code_action_async(params)) or []}

    def hover(self, path: Path, line: int) -> str:
        params = types.HoverParams(types.TextDocumentIdentifier(path.as_uri()), types.Position(line, 6))
        found = self.do(self.client.text_document_hover_async(params))
        return found.contents.value if found is not None else ""

    def run(self, action: types.Command) -> str:
        # lsprotocol reads a code action with a command as a command, whose own name is then the text of the whole.
        command = ast.literal_eval(action.command)
        asked = types.ExecuteCommandParams(command["command"], command["arguments"])
        return self.do(self.client.workspace_execute_command_async(asked))

    def end(self) -> None:
        self.do(self.client.shutdown_async(None))
        self.client.exit(None)
        self.do(self.client.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("desk")
    assert main(["init", str(folder / "course")]) == 0
    editor = Editor(folder, forks=request.config.getoption("--worker") == "fork")
    yield editor
    if editor.thread.is_alive():
        editor.end()


def answered(path: Path, **answers: str) -> str:
    text = path.read_text(encoding="utf-8")
    for name, answer in answers.items():
        text, count = re.subn(rf"(?m)^    {name} = .*$", lambda _, n=name, a=answer: f"    {n} = {a}", text)
        assert count == 1
    return text


def of_units(text: str, where: types.Range) -> str:
    """The part of a text that a range of one line marks, in UTF-16."""
    line = text.split("\n")[where.start.line].encode("utf-16-le")
    assert where.start.line == where.end.line
    return line[2 * where.start.character : 2 * where.end.character].decode("utf-16-le")


def edited(text: str, edits: list[tuple[types.Range, str]]) -> str:
    lines = text.split("\n")
    for where, new in sorted(edits, key=lambda edit: (edit[0].start.line, edit[0].start.character), reverse=True):
        first, last = where.start, where.end
        rest = lines[last.line][last.character :] if last.line < len(lines) else ""
        lines[first.line : last.line + 1] = (lines[first.line][: first.character] + new + rest).split("\n")
    return "\n".join(lines)


def test_from_a_mistake_by_hints_to_its_fix(editor: Editor) -> None:
    path = editor.folder / "course" / "exercises" / "ex05_broadcast.py"
    wrong = answered(path, **{**RIGHT, "dact": "...", "dcounts_sum_inv": LOST})
    wrong = wrong.replace("    dcounts =", "    print('here', act.shape)\n    dcounts =")
    path.write_text(wrong)
    editor.open(path)
    missing, mistake = editor.found(path, 1)
    assert (missing.severity, missing.code, of_units(wrong, missing.range)) == (SEVERITY.Hint, "missing", "dact = ...")
    assert (mistake.severity, mistake.code, of_units(wrong, mistake.range)) == (SEVERITY.Error, "lost-keepdim", ").sum(1)")
    error, note, move = mistake.message.split("\n")
    assert error.startswith("(N,) = (7,), but counts_sum_inv is (N, 1)") and note and move.startswith("help: ")

    line = mistake.range.start.line
    shown = editor.hover(path, line)
    assert "`dcounts_sum_inv`: " in shown and "help: " in shown and "hint" not in shown
    assert "here torch.Size([7, 3])" in editor.hover(path, wrong[: wrong.index("    print")].count("\n"))
    assert editor.hover(path, 0) == ""

    titles: list[list[str]] = []
    for _ in range(5):
        titles.append(list(editor.at(path, line)))
        said = editor.run(editor.at(path, line)[titles[-1][0]])
        assert editor.messages[-1] == said
    name, fix = "dcounts_sum_inv: hint", "dcounts_sum_inv: write the fix"
    assert titles[:4] == [
        [f"{name} 1 of 4"],
        [f"{name} 2 of 4", f"{name} 1 of 4, again"],
        [f"{name} 3 of 4", f"{name} 2 of 4, again", f"{name} 1 of 4, again"],
        [f"{name} 4 of 4", f"{name} 3 of 4, again", f"{name} 2 of 4, again", f"{name} 1 of 4, again", fix],
    ]
    for number, said in enumerate(editor.messages[:4], 1):
        assert f"hint {number} of 4" in said and said in editor.hover(path, line)
    assert "sum(1, keepdim=True)" in editor.messages[3] and "keepdim=True)" not in editor.messages[0]

    action = editor.at(path, line)[fix]
    editor.type(path, "\n" + wrong)
    assert editor.at(path, line) == {} and f"{name} 4 of 4, again" in editor.at(path, line + 1, mistake)
    assert fix not in editor.at(path, line + 1, mistake)
    (changes,) = action.edit.changes.values()
    mended = edited(wrong, [(change.range, change.new_text) for change in changes])
    editor.save(path, answered_in(mended, "dact", RIGHT["dact"]))
    assert editor.found(path, 2) == []
    assert editor.at(path, line) == {}


def answered_in(text: str, name: str, answer: str) -> str:
    return re.sub(rf"(?m)^    {name} = .*$", f"    {name} = {answer}", text)


def test_wide_characters_stand_before_a_mistake(editor: Editor) -> None:
    path = editor.folder / "course" / "exercises" / "ex05_broadcast.py"
    wrong = answered(path, **{**RIGHT, "dcounts_sum_inv": LOST})
    wrong = wrong.replace("    dcounts_sum_inv =", "    said = '😀é😀'; dcounts_sum_inv =")
    before = len(editor.of(path))
    editor.save(path, wrong)
    (mistake,) = editor.found(path, before + 1)
    assert of_units(wrong, mistake.range) == ").sum(1)"


def test_a_loop_without_end_costs_its_own_gradient_and_a_newer_save_wins(editor: Editor) -> None:
    path = editor.folder / "course" / "exercises" / "ex01_dot_product.py"
    text = path.read_text()
    endless = text.replace("    da = ...", "    while True: pass\n    da = b").replace("    db = ...", "    db = a * 2")
    path.write_text(endless)
    editor.open(path)
    codes = {d.data: (d.severity, of_units(endless, d.range)) for d in editor.found(path, 1)}
    assert codes["db"] == (SEVERITY.Error, "2")
    editor.save(path, endless + "\n")
    editor.save(path, answered_in(answered_in(text, "da", "b"), "db", "a"))
    assert editor.found(path, 2) == []
    assert editor.hover(path, 5) == "" and not editor.logged


def test_other_files_are_left_alone(editor: Editor) -> None:
    course = editor.folder / "course"
    notes, solution = course / "exercises" / "notes.py", editor.folder / "ex05_broadcast.py"
    for path in (notes, solution):
        path.write_text((course / "exercises" / "ex05_broadcast.py").read_text())
        editor.open(path)
        assert editor.at(path, 3) == {} and editor.hover(path, 3) == ""
    broken = course / "exercises" / "ex02_sum.py"
    broken = next(course.glob("exercises/ex02_*.py"))
    broken.write_text(broken.read_text().replace("def forward(", "def forward(("))
    editor.open(broken)
    (diagnostic,) = editor.found(broken, 1)
    assert "does not parse" in diagnostic.message and of_units(broken.read_text(), diagnostic.range).startswith("def forward((")
    assert editor.of(notes) == editor.of(solution) == []


def test_all_that_was_written_is_the_protocols(editor: Editor) -> None:
    editor.end()
    written = editor.log.read_bytes()
    count = 0
    while written:
        head = re.match(rb"Content-Length: (\d+)\r\n(?:Content-Type: [^\r]+\r\n)?\r\n", written)
        assert head is not None, written[:200]
        written, count = written[head.end() + int(head[1]) :], count + 1
    assert count > 10


def test_where_nothing_forks_an_editor_is_told_the_same(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "course")]) == 0
    editor = Editor(tmp_path, forks=False)
    path = tmp_path / "course" / "exercises" / "ex05_broadcast.py"
    text = path.read_text()
    path.write_text(answered(path, **{**RIGHT, "dact": "...", "dcounts_sum_inv": LOST}))
    editor.open(path)
    assert [(d.severity, d.code) for d in editor.found(path, 1)] == [(SEVERITY.Hint, "missing"), (SEVERITY.Error, "lost-keepdim")]
    (name, action), *_ = editor.at(path, editor.found(path, 1)[1].range.start.line).items()
    assert name == "dcounts_sum_inv: hint 1 of 4" and "hint 1 of 4" in editor.run(action)
    editor.save(path, text.replace("    dact = ...", "    while True: pass\n    dact = ..."))
    editor.save(path, answered(path, **{**RIGHT, "dcounts_sum_inv": LOST}).replace("    while True: pass\n", ""))
    assert [d.code for d in editor.found(path, 2)] == ["lost-keepdim"]
    assert not editor.logged
    editor.end()


LOSS = "dlogprobs = -1 / n * torch.ones_like(logprobs)"
FIXES = {
    "one line": ("ex05", {"dcounts_sum_inv": "dcounts_sum_inv = (counts * dprobs).sum(1)  # mine"}),
    "brackets over lines": ("ex05", {"dcounts_sum_inv": "dcounts_sum_inv = (\n        (counts * dprobs)\n        .sum(1)\n    )"}),
    "two statements": ("ex05", {"dprobs": "dprobs = 1 - act**2\n    dprobs *= 2 * dact"}),
    "one that is read between": ("ex05", {"dprobs": "dprobs = 1 - act**2\n    half = dprobs / 2\n    dprobs = half * dact"}),
    "two names in one statement": (
        "ex05",
        {"dact": "dact, dprobs = torch.ones_like(act), (1 - act) * torch.ones_like(act)", "dprobs": "pass"},
    ),
    "a place": ("ex05", {"dact": "dact = torch.ones_like(act)\n    dact[0] = 2"}),
    "a name that is not imported": ("ex13", {"dlogprobs": LOSS}),
}


@pytest.mark.parametrize("form", FIXES)
def test_the_edits_of_a_fix_make_the_gradient_right(form: str, tmp_path: Path, zygote: Workers) -> None:
    name, lines = FIXES[form]
    exercise = packaged_course().find(name)
    text = exercise.read_text().replace("import torch.nn.functional as F\n", "")
    for target, line in lines.items():
        text = re.sub(rf"(?m)^    {target} = \.\.\..*$", lambda _, line=line: f"    {line}", text)
    for edits, path in ((0, tmp_path / "wrong.py"), (1, tmp_path / "mended.py")):
        path.write_text(text)
        report = check(exercise, path, zygote)
        wrong = [g for g in report.gradients if g.verdict.target.name in lines and g.verdict.status != "correct"]
        assert bool(wrong) != edits
        for gradient in wrong:
            found = fix_edits(report.submission, gradient)
            assert found
            text = edited(text, [(types.Range(types.Position(a - 1, b), types.Position(c - 1, d)), new) for (a, b, c, d), new in found])


@pytest.mark.parametrize("encoding, column", [("utf-8", 9), ("utf-16", 6), ("utf-32", 5)])
def test_columns_are_counted_as_the_editor_counts_them(encoding: str, column: int) -> None:
    page = Page("file:///x.py", ["'é😀' + a"], PositionCodec(encoding))
    assert page.position(1, 5) == types.Position(0, column)
    assert page.position(9, 9) == types.Position(0, page.codec.client_num_units(page.lines[0]))


def test_what_a_learner_prints_is_no_markup() -> None:
    assert _prose("*a* [b](c) `d*e` f_g <h>") == r"\*a\* \[b\](c) `d*e` f_g \<h\>"
    assert _block("a\n```\nb") == "````text\na\n```\nb\n````"


def test_a_newer_save_ends_a_worker_that_is_being_started() -> None:
    """Where nothing forks that takes as long as loading torch."""

    class Slow(Spawner):
        ended = 0

        def __init__(self) -> None:
            pass

        def spawn(self) -> tuple[socket.socket, int]:
            workers.break_off()
            return ours, 7

        def end(self, pid: int, patience: float = 0.0) -> int | None:
            self.ended = pid
            return None

    ours, theirs = socket.socketpair()
    slow = Slow()
    workers = Breakable(slow)
    with theirs, pytest.raises(Superseded):
        workers.spawn()
    assert slow.ended == 7 and ours.fileno() == -1


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_a_newer_save_ends_what_runs_and_a_killed_zygote_is_started_again(kind: str, course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "spawn":
        monkeypatch.delattr(os, "fork")
    question = exercise_at(next((course / "exercises").glob("ex01_*.py")))
    assert question is not None
    text = question.exercise.read_text()
    right = answered_in(answered_in(text, "da", "b"), "db", "a")

    async def edit() -> None:
        checks = Checks(10.0 * PATIENCE)
        await checks.load()
        workers = checks._workers
        assert workers is not None
        question.exercise.write_text(text.replace("    da = ...", "    while True: pass"))
        endless = asyncio.ensure_future(checks.check(question))
        while not workers.running:
            await asyncio.sleep(0.01)
        question.exercise.write_text(right)
        checked = await asyncio.wait_for(checks.check(question), PATIENCE)
        assert checked.report is not None and checked.report.status == "passed"
        with pytest.raises(Superseded):
            await endless
        source = workers.source
        idle = source._next if isinstance(source, Spawner) else source._process if isinstance(source, Zygote) else None
        assert idle is not None and isinstance(source, Spawner) == (kind == "spawn")
        idle.kill()
        again = await asyncio.wait_for(checks.check(question), PATIENCE)
        assert again.report is not None and again.report.status == "passed"
        assert checks._workers is not None and checks._workers is not workers
        checks._workers.close()
        checks.close()

    asyncio.run(edit())


def test_a_mistake_of_ours_is_a_message_in_the_log(monkeypatch: pytest.MonkeyPatch, course: Path) -> None:
    server, logged = Server(1.0), []

    async def fails(_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(server.checks, "check", fails)
    monkeypatch.setattr(server, "window_log_message", logged.append)
    asyncio.run(server.check((course / "exercises" / "ex05_broadcast.py").as_uri()))
    server.shutdown()
    assert "ZeroDivisionError: ours" in logged[0].message and "test_lsp.py" in logged[0].message


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert main(["lsp"]) == 2
    assert capsys.readouterr() == ("", "backprop-check: the language server needs pygls: pip install 'backprop-check[lsp]'\n")
