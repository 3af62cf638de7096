"""Class lists as platforms export them, and how their students are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprop_check.classroom.roster import Roster, joined, read_roster
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
        b"PK\x03\x04\0": "binary.*csv",
        "name\nZo\u00eb".encode("latin-1"): "not UTF-8",
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
