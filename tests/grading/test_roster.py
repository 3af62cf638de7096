"""Class lists as platforms export them, and how their students are found."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprop_check.classroom.class_list import read_roster
from backprop_check.classroom.roster import Roster, joined
from backprop_check.errors import BadInput

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW 1 (55)\n"
    "    Points Possible,,,,,4.0\n"
    '"Lovelace, Ada",101,S1,ada@uni.edu,A,\n'
    '"Lovelace, Ada",102,S2,al,A,\n'
    '"Hopper, Grace Brewster",103,101,ghopper,A,\n'
    '"Student, Test",999,,a1b2,A,\n'
)
MOODLE = 'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade"\n"Participant 31","Ada King",ada@uni.edu,,,4\n"Teilnehmer/in 32","Zoë Ng",zoe@uni.edu,,,4\n'
CLASSROOM = '"identifier","github_username","github_id","name"\n"Ada Lovelace","ada-l","5",""\n"g@uni.edu","","",""\n'
NBGRADER = "student_id,last_name,first_name,email\nal1,Lovelace,Ada,ada@uni.edu\ngh1,Hopper,Grace,grace@uni.edu\n"


NAMES = "Nachname;Vorname;Matrikelnummer\nLovelace;Ada;1001\nMüller;Björn;1002\nDubois;Chloé;1003\n"
THREE = ["Ada Lovelace", "Björn Müller", "Chloé Dubois"]
XML = '<?xml version="1.0"?>'


def packed(parts: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return held.getvalue()


def workbook(text: str) -> bytes:
    """The sheet as Excel saves it: texts are shared, numbers are not, and what is empty is left out."""
    rows = [line.split(";") for line in text.splitlines()]
    shared = [cell for row in rows for cell in row if not cell.isdigit()]
    cells = [
        "".join(
            f'<c r="{c}{n}"><v>{v}</v></c>' if v.isdigit() else f'<c r="{c}{n}" t="s"><v>{shared.index(v)}</v></c>'
            for c, v in zip("BCD", row, strict=True)
        )
        for n, row in enumerate(rows, 3)
    ]
    sheet = "".join(f"<row>{row}</row>" for row in cells)
    return packed(
        {
            "xl/worksheets/sheet1.xml": f'{XML}<worksheet xmlns="x"><sheetData>{sheet}</sheetData></worksheet>',
            "xl/sharedStrings.xml": f'{XML}<sst xmlns="x">{"".join(f"<si><t>{t}</t><rPh><t>reading</t></rPh></si>" for t in shared)}</sst>',
        }
    )


def document(text: str) -> bytes:
    rows = "".join(
        "<t:table-row>"
        + "".join(f"<t:table-cell><p:p>{cell}</p:p></t:table-cell>" for cell in line.split(";"))
        + '<t:table-cell t:number-columns-repeated="16000"/></t:table-row>'
        for line in text.splitlines()
    )
    return packed({"content.xml": f'{XML}<d xmlns:t="t" xmlns:p="p"><t:table>{rows}</t:table></d>'})


# How a list is saved, and who is in it.
SAVED: dict[str, tuple[bytes, list[str]]] = {
    "windows-1252": (NAMES.encode("cp1252"), THREE),
    "on an old mac": (NAMES.encode("mac-roman"), THREE),
    "typographic": ("name\nDan O\u2019Neil\nZoë\n".encode("cp1252"), ["Dan O\u2019Neil", "Zoë"]),
    "utf-16": (NAMES.replace(";", "\t").encode("utf-16"), THREE),
    "utf-16 without its mark": (NAMES.encode("utf-16-le"), THREE),
    "in russian": ("ФИО;Группа\nИван Петров;1\nАнна Смирнова;1\n".encode("cp1251"), ["Иван Петров", "Анна Смирнова"]),
    "in chinese": ("姓名,学号\n王小明,2026001\n李娜,2026002\n".encode("gb18030"), ["王小明", "李娜"]),
    "in japanese": ("氏名,学籍番号\n山田太郎,1\n鈴木はな,2\n".encode("cp932"), ["山田太郎", "鈴木はな"]),
    "a workbook": (workbook(NAMES), THREE),
    "an open document": (document(NAMES), THREE),
    "a title above": (f"Deep Learning;;;\nStand: 1.3.;;;\n;;;\n{NAMES}".encode(), THREE),
    "name and first name": ("Nr.;Name;Vorname\n1;Lovelace;Ada\n2;Müller;Björn\n3;Dubois;Chloé\n".encode(), THREE),
    "names alone": ("\n".join(THREE).encode(), THREE),
    "addresses alone": (b"ada@x.de\nbob@x.de\n", ["ada@x.de", "bob@x.de"]),
    "numbers and names, no header": ("1001;Ada Lovelace\n1002;Björn Müller\n1003;Chloé Dubois\n".encode(), THREE),
    "a header nobody knows": ("Xyz Abc;Qwe\nAda Lovelace;1001\nBjörn Müller;1002\nChloé Dubois;1003\n".encode(), THREE),
    "names listed by hand": ("1. Ada Lovelace\n2. Björn Müller\n3. Chloé Dubois\n".encode(), THREE),
    "last names first": ("Lovelace, Ada\nMüller, Björn\n".encode(), ["Lovelace, Ada", "Müller, Björn"]),
    "as a mail program copies it": ("Ada Lovelace <ada@x.de>\nBjörn Müller <bm@x.de>\nChloé Dubois <cd@x.de>\n".encode(), THREE),
    "titles of several lines": (b'"Name\n(voll)";"Matrikel-\nnummer"\nAda Lovelace;1\n', ["Ada Lovelace"]),
    "two addresses of each": (b"Name,Uni-Mail,Private Mail\nAda,ada@uni.de,al@mail.com\n", ["Ada"]),
    "blackboard's grade center": ('"Last Name"\t"First Name"\t"Username"\t"ex05 [Total Pts: 4 Score] |123"\n"Lovelace"\t"Ada"\t"al123"\t""\n'.encode("utf-16"), ["Ada Lovelace"]),
    "parted by bars": (NAMES.replace(";", "|").encode(), THREE),
    "copied from a page": ("  Ada   Lovelace \n\n\tBjörn Müller\nChloé Dubois\n".encode(), THREE),
    "one of them twice": (f"{NAMES}Dubois;Chloé;1003\n".encode(), THREE),
    "moodle, anonymous": (b'Identifier,Status,Grade,"Maximum Grade","Grade can be changed"\nParticipant 71,Sent,,10,Yes\nParticipant 72,None,,10,Yes\n', ["Participant 71", "Participant 72"]),
    "moodle, anonymous, in german": (b"ID,Status,Bewertung,Bestwertung,Bewertung geht\nTeilnehmer/in71,Da,,10,Ja\nTeilnehmer/in72,Nein,,10,Ja\n", ["Teilnehmer/in71", "Teilnehmer/in72"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SAVED)
def test_a_list_however_it_is_saved(tmp_path: Path, name: str) -> None:
    raw, labels = SAVED[name]
    roster = read(tmp_path, raw)
    assert [student.label for student in roster.students] == labels
    if name.startswith("two"):
        assert roster.find("al@mail.com") is roster.find("ada@uni.de") is roster.students[0]
    assert bool(roster.guessed) == (name.startswith(("windows", "on an", "typo", "in ")))


def test_a_workbook_with_entities_is_not_read(tmp_path: Path) -> None:
    raw = packed({"xl/worksheets/sheet1.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x/>'})
    with pytest.raises(BadInput, match="no workbook"):
        read(tmp_path, raw)


# Whom a part of a name means, of these; nobody where it is more than one's.
PART = {
    "lovelace": ["Ada Lovelace"], "mueller ex5": ["Björn Müller"], "Mail von Björn": ["Björn Müller"], "muller_final_v2": ["Björn Müller"], "dan o'neil": ["Dan O'Neil"], "oneil": ["Dan O'Neil"],
    "Ada L": ["Ada Lovelace"], "jan": ["Jan Roth"], "jana": ["Jana Roth"], "roth": [], "berg": [], "final": [], "Lovelace Turing": [], "ada turing": [], "1002 ada": [],
    "lovelace_mueller": ["Ada Lovelace", "Björn Müller"], "roth mueller": [], "ada björn": [], "x": [], "a": [],
}  # fmt: skip


@pytest.mark.parametrize("name", PART)
def test_whom_a_part_of_a_name_means(tmp_path: Path, name: str) -> None:
    roster = read(tmp_path, "name\nAda Lovelace\nBjörn Müller\nDan O'Neil\nJan Roth\nJana Roth\nKai Berg\nUwe Berg\nMax Final\n")
    assert [student.label for student in roster.meant(name) or roster.perhaps(name)] == PART[name]


def test_numbers_and_spellings(tmp_path: Path) -> None:
    roster = read(tmp_path, "name;id\nBjörn Müller;12345\nÅse Øye;2026\nJo;0077\n")
    found = {
        name: [s.label for s in roster.meant(name)]
        for name in (
            "0012345",
            "77",
            "Bjoern_Mueller",
            "BjoernMueller",
            "aase oeye",
            "ase oye",
            "ex05_2026-03-01_12345",
            "2026-03-01",
            "2026",
        )
    }
    assert found == {
        "0012345": ["Björn Müller"], "77": ["Jo"], "Bjoern_Mueller": ["Björn Müller"], "BjoernMueller": ["Björn Müller"], "aase oeye": ["Åse Øye"], "ase oye": ["Åse Øye"],
        "ex05_2026-03-01_12345": ["Björn Müller"], "2026-03-01": [], "2026": ["Åse Øye"],
    }  # fmt: skip


def read(tmp_path: Path, content: str | bytes) -> Roster:
    path = tmp_path / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_roster(path)


# Text, kind, labels, and what keys find whom (None: nobody).
READ: dict[str, tuple[str, str, list[str], dict[tuple[str, ...], str | None]]] = {
    "canvas": (
        CANVAS,
        "canvas",
        ["Lovelace, Ada (101)", "Lovelace, Ada (102)", "Hopper, Grace Brewster"],
        {
            ("102",): "Lovelace, Ada (102)",
            ("101",): None,  # one student's ID, another's SIS ID
            ("101", "s1"): "Lovelace, Ada (101)",
            ("ADA@uni.edu",): "Lovelace, Ada (101)",
            ("lovelaceada",): None,
            ("hoppergracebrewster",): "Hopper, Grace Brewster",
            ("Grace Brewster Hopper",): "Hopper, Grace Brewster",
            ("999",): None,
        },
    ),
    "moodle": (MOODLE, "moodle", ["Ada King", "Zoë Ng"], {("Participant 31",): "Ada King", ("Participant 32",): "Zoë Ng", ("31",): None, ("ZOE\u0308 NG",): "Zoë Ng"}),
    "github classroom": (CLASSROOM, "plain", ["Ada Lovelace", "g@uni.edu"], {("Ada-L",): "Ada Lovelace", ("adal",): None, ("5",): "Ada Lovelace", ("",): None}),
    "first and last": (NBGRADER, "plain", ["Ada Lovelace", "Grace Hopper"], {("al1",): "Ada Lovelace", ("hopper_grace",): "Grace Hopper"}),
    "semicolons": ('Name;"E, Mail";Login\nAda, L;x;ada\n', "plain", ["Ada, L"], {("ada",): "Ada, L", ("L Ada",): "Ada, L"}),
    "tabs": ("Login\tNote\nada\t\n\t\nada\t2\n", "plain", ["ada (row 2)", "ada (row 4)"], {("ada",): None}),
    "a byte order mark": ("\ufeffName,ID\r\nAda,1\r\n", "plain", ["Ada"], {("1",): "Ada"}),
    "no name but a login": ("name,login\n,ada\n", "plain", ["ada"], {("ada",): "ada"}),
    "short rows": ("name,login,email\nAda\n", "plain", ["Ada"], {("ada",): "Ada"}),
    "a label like a row": ("name\nAda\nAda\nAda (row 3)\n", "plain", ["Ada (row 2)", "Ada (row 3) (row 3)", "Ada (row 3) (row 4)"], {}),
    "a label that is made": ("name,id\nAda,1\nAda,2\nAda (1),3\n", "plain", ["Ada (1) (row 2)", "Ada (2)", "Ada (1) (row 4)"], {("3",): "Ada (1) (row 4)"}),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_roster(tmp_path: Path, name: str) -> None:
    text, kind, labels, finds = READ[name]
    roster = read(tmp_path, text)
    assert (roster.kind, [s.label for s in roster.students]) == (kind, labels)
    for keys, label in finds.items():
        student = roster.find(*keys)
        assert (student and student.label) == label, keys


def test_rows_are_kept_as_they_are(tmp_path: Path) -> None:
    roster = read(tmp_path, CANVAS)
    assert roster.header == ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW 1 (55)")
    assert roster.rows[0] == ("    Points Possible", "", "", "", "", "4.0")
    assert len(roster.rows) == 5
    assert [roster.rows[s.row][1] for s in roster.students] == ["101", "102", "103"]


@pytest.mark.parametrize(
    "content, why",
    {
        "": "empty",
        " \n": "empty",
        b"PK\x03\x04\0": "no workbook",
        b"\xd0\xcf\x11\xe0\0": "old Excel",
        b"name\0\n\0\0": "binary",
        "colour,shape\nred,round\n": "no column",
        "name,id\n": "names no student",
        "name,id\n,\n": "names no student",
        'name,id\n"' + "a" * 200_000: "no CSV",
    }.items(),
)
def test_what_is_no_roster_is_said_in_one_line(tmp_path: Path, content: str | bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why) as raised:
        read(tmp_path, content)
    assert "\n" not in str(raised.value)


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_roster(tmp_path / "none.csv")


def test_a_group_stands_for_its_members(tmp_path: Path) -> None:
    roster = read(tmp_path, CANVAS)
    pair = joined(["Lovelace, Ada (102)", "Hopper, Grace Brewster"])
    assert [s.label for s in roster.members(pair)] == ["Lovelace, Ada (102)", "Hopper, Grace Brewster"]
    assert [s.label for s in roster.members(joined(["Mallory", "Hopper, Grace Brewster"]))] == ["Hopper, Grace Brewster"]
    assert roster.members("Mallory") == ()
    assert roster.missing([pair, "Mallory"]) == ("Lovelace, Ada (101)",)
    plain = read(tmp_path, NBGRADER)
    assert [s.label for s in plain.members(joined(["Ada Lovelace", "Grace Hopper"]))] == ["Ada Lovelace", "Grace Hopper"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(["Ada", "ada", "1", "Ada (1)", "row 2", "", '"', "x\ny", "Ada (row 3)"]), max_size=3), max_size=6))
def test_labels_are_unique_whatever_the_rows(tmp_path: Path, rows: list[list[str]]) -> None:
    quoted = ["name,id,login", *(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)]
    try:
        roster = read(tmp_path, "\n".join(quoted))
    except BadInput as error:
        assert "names no student" in str(error)
        return
    labels = [s.label for s in roster.students]
    assert len({*labels}) == len(labels)
    assert all(label.strip() and "\n" not in label for label in labels)
