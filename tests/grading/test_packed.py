"""Archives that are no zip, and zips whose names are in what Windows uses in a country: opened, or said what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from backprop_check.errors import BadInput
from backprop_check.grading import archive
from backprop_check.grading.found import reading, survey

CODE = b"def backward(x):\n    dx = 1\n"


def tar(*names: str, link: str = "") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as packed:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(CODE)
            packed.addfile(entry, io.BytesIO(CODE))
        if link:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            packed.addfile(entry)
    return held.getvalue()


def found(source: Path) -> dict[str, tuple[str, str]]:
    return {each.submission: (each.student, each.trouble) for each in survey(source, "ex05", {"ex05": "ex05_broadcast"}).found}


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".tar", bytes), (".tgz", gzip.compress), (".tar.bz2", bz2.compress), (".tar.xz", lzma.compress)]
)
def test_a_class_in_a_tar(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / f"class{suffix}").write_bytes(pack(tar("class/ada/ex05.py", "class/alan/ex05.py")))
    assert found(tmp_path / f"class{suffix}") == {"class/ada/ex05.py": ("ada", ""), "class/alan/ex05.py": ("alan", "")}
    with reading(tmp_path / f"class{suffix}") as read:
        assert {read(each) for each in survey(tmp_path / f"class{suffix}", "ex05", {}).found} == {CODE}


def test_what_students_pack(tmp_path: Path) -> None:
    inside = {
        "ada.tar.gz": gzip.compress(tar("ex05/ex05.py", link="ex05/notes.py")),
        "alan.py.gz": gzip.compress(CODE),
        "grace.zip": b"Rar!\x1a\x07\x01",
        "jo.7z": b"7z\xbc\xaf\x27\x1c",
        "kim.tar.xz": lzma.compress(tar("ex05.py"))[:100],
        "lee.tgz": gzip.compress(tar("../ex05.py")),
    }
    for name, data in inside.items():
        (tmp_path / name).write_bytes(data)
    seen = found(tmp_path)
    assert seen["ada.tar.gz/ex05/ex05.py"] == ("ada", "") and "link" in seen["ada.tar.gz/ex05/notes.py"][1]
    assert seen["alan.py.gz/alan.py"] == ("alan", "")
    assert seen["grace.zip"][0] == "grace" and "RAR archive" in seen["grace.zip"][1] and "hand in" in seen["grace.zip"][1]
    assert seen["jo.7z"][0] == "jo" and "hand in" in seen["jo.7z"][1]
    assert "damaged" in seen["kim.tar.xz"][1]
    assert any(student == "lee" and why for student, why in seen.values())


@pytest.mark.parametrize(
    ("name", "data"), [("c.rar", b"Rar!\x1a\x07\x01\0"), ("c.zip", b"7z\xbc\xaf\x27\x1c"), ("c.7z", b"7z\xbc\xaf\x27\x1c")]
)
def test_a_class_in_an_archive_that_is_not_opened(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput, match="is not opened here: unpack it"):
        found(tmp_path / name)


def test_a_tar_that_grows_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "UNPACKED", 1_000_000)
    (tmp_path / "ada.tar.gz").write_bytes(gzip.compress(tar(*(f"{n}.py" for n in range(2000)))))
    (tmp_path / "jo.py.gz").write_bytes(gzip.compress(bytes(2_000_000)))
    (tmp_path / "alan.py").write_bytes(CODE)
    assert sorted(why for _, why in found(tmp_path).values()) == [
        "",
        *2 * ["holds more than 1 MB: hand in the file itself (or unpack it where it lies)"],
    ]


NAMES = {
    "cp850": "Björn Müller",
    "cp437": "Chloé Núñez",
    "cp866": "Иван Петров",
    "gb18030": "王小明",
    "cp932": "山田太郎",
    "utf-8": "Zoë Řehoř",
    "cp1252": "Jürgen Groß",
}


@pytest.mark.parametrize("encoding", NAMES)
def test_names_as_windows_writes_them(tmp_path: Path, encoding: str) -> None:
    class Plain(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:
            return self.filename.encode(encoding), self.flag_bits & ~0x800

    with zipfile.ZipFile(tmp_path / "class.zip", "w") as packed:
        for name in (NAMES[encoding], "ada"):
            packed.writestr(Plain(f"{name}/ex05.py"), CODE)
    assert found(tmp_path / "class.zip") == {f"{name}/ex05.py": (name, "") for name in (NAMES[encoding], "ada")}


def test_an_xz_that_asks_for_much_memory_is_not_unpacked(tmp_path: Path) -> None:
    """What an .xz needs is what its first lines say, whatever it holds."""
    data = CODE + bytes(1000)
    much = lzma.compress(data, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}])
    (tmp_path / "ada.py.xz").write_bytes(much)
    (tmp_path / "alan.py.xz").write_bytes(lzma.compress(CODE, preset=9 | lzma.PRESET_EXTREME))
    (tmp_path / "grace.py.xz").write_bytes(lzma.compress(CODE)[:-9])
    (tmp_path / "jo.py").write_bytes(CODE)
    assert {path: why for path, (_, why) in found(tmp_path).items()} == {
        "ada.py.xz": "needs more than 128 MB of memory to be unpacked: pack it as a .zip",
        "alan.py.xz/alan.py": "",
        "grace.py.xz": "is damaged (unexpected end of data): pack it again",
        "jo.py": "",
    }


def test_a_tar_that_lies_about_sizes_and_one_of_links(tmp_path: Path) -> None:
    head = bytearray(tarfile.TarInfo("ex05.py").tobuf())
    head[124:136] = b"\x80" + (1 << 60).to_bytes(11, "big")
    head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)
    (tmp_path / "ada.tar").write_bytes(bytes(head) + CODE.ljust(2048, b"\0"))
    with tarfile.open(tmp_path / "grace.tar", "w") as packed:
        for kind, target in ((tarfile.LNKTYPE, "../jo.py"), (tarfile.SYMTYPE, "/etc/passwd")):
            entry = tarfile.TarInfo(f"{kind.decode()}/ex05.py")
            entry.type, entry.linkname = kind, target
            packed.addfile(entry)
    (tmp_path / "jo.py").write_bytes(CODE)
    told = {path: why for path, (_, why) in found(tmp_path).items()}
    assert told.pop("jo.py") == "" and len(told) == 3
    assert all("is damaged" in why or "is stored as a symbolic link" in why for why in told.values()), told
