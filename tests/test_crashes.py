"""A mistake of ours in a diagnosis: noted, shown when asked for, and no verdict lost."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from backprop_check.cli.main import main
from backprop_check.diagnosis.mistakes import syntax_error
from backprop_check.submission.zygote import Zygote


def test_a_crash_is_noted_for_doctor_and_shown_when_verbose(
    course: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger("backprop_check"), "handlers", [])

    def crash(_: object) -> None:
        raise ZeroDivisionError("our own mistake")

    monkeypatch.setattr(syntax_error, "find", crash)
    path = next((course / "exercises").glob("ex05_*.py"))
    path.write_text(path.read_text().replace("dact = ...", "dact = torch.ones_like(act) * act.shape[0] ** 3 - 5 * act"))
    assert main(["check", "ex05"], zygote) == 1
    shown = capsys.readouterr()
    assert "✗ dact" in shown.out and "our own mistake" not in shown.out + shown.err
    main(["doctor"])
    assert "broke off once in this course" in " ".join(capsys.readouterr().out.split())
    assert main(["check", "ex05", "--verbose"], zygote) == 1
    assert "ZeroDivisionError: our own mistake" in capsys.readouterr().err
