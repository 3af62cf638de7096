"""One run of the real command over all attacks, with honest submissions between them, and one over the honest ones alone."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import odd
import pytest
from attacked import ATTACKS, MARK, ROOT, Graded, grade, put, victims


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """All attacks, interleaved with the honest, judged by `python -m backprop_check grade` in the folder of submissions itself."""
    base = tmp_path_factory.mktemp("attacked")
    submissions = base / "submissions"
    submissions.mkdir()
    for name, data in victims().items():
        put(submissions / name, data)
    for name, path in ATTACKS.items():
        shutil.copy(path, submissions / name)
    for name, text in {**dict.fromkeys(odd.NAMED, odd.WRONG), **odd.TEXTS}.items():
        put(submissions / name, text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    put(Path(os.fsdecode(os.fsencode(submissions) + b"/bytes\xff\xfe.py")), odd.WRONG.encode())
    (submissions / "link.py").symlink_to(ROOT / "solutions" / "ex05_broadcast.py")
    (submissions / "folder.py").symlink_to(ROOT / "solutions")
    (submissions / "passwd.py").symlink_to("/etc/passwd")
    os.mkfifo(submissions / "pipe.py")
    with zipfile.ZipFile(submissions / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("a.py", b"#" * (1 << 28))
        bomb.writestr("../../" + MARK + "_zip.py", odd.WRONG)
    return grade(base, submissions)


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory, attacked: Graded) -> Graded:
    """The honest submissions without any attack, with the same secret."""
    base = tmp_path_factory.mktemp("alone")
    for name, data in victims().items():
        put(base / "submissions" / name, data)
    (base / "out").mkdir()
    for secret in attacked.out.glob(".*"):
        shutil.copy2(secret, base / "out" / secret.name)
    return grade(base, base / "submissions")
