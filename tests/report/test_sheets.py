"""Sheets as teachers have them: in any language, saved again by a spreadsheet, with columns that are called otherwise."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from graded import FOUR, result

from backprop_check.classroom.class_list import read_roster
from backprop_check.classroom.formats.canvas import named_column
from backprop_check.classroom.formats.table import FORMATS
from backprop_check.classroom.roster import Roster
from backprop_check.errors import BadInput

# The header and Ada's row, the cells of hers that are filled, and those of a second student whose grade is locked, if there is one.
MOODLE: dict[str, tuple[str, dict[int, str]]] = {
    "english, newer": ("\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\nParticipant 101,Ada Lovelace,a@x.org,-,,10.00,Yes,-,-,\n", {4: "2.5", 9: "1 of 4"}),
    "english, blind": ("Identifier,Status,Grade,Maximum grade,Grade can be changed,Last modified (grade)\nParticipant 101,-,,10.00,Yes,-\n", {2: "2.5"}),
    "german": ('\ufeffID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"\nTeilnehmer/in101,"Ada Lovelace",a@x.org,-,,"10,00",Ja,-,-,\n', {4: "2.5", 9: "1 of 4"}),
    "german, from a spreadsheet": ("\ufeffID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;Bewertung kann geändert werden;Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung);Feedback als Kommentar\nTeilnehmer/in101;Ada Lovelace;a@x.org;-;;10,00;Ja;-;-;\n", {4: "2.5", 9: "1 of 4"}),
    "french, with groups and a workflow": ("Identifiant,Nom complet,Adresse de courriel,Numéro d'identification,Groupe,Statut,Note,Note maximale,État du flux d'évaluation,La note peut être modifiée,Dernière modification (travail remis),Texte en ligne,Dernière modification (note),Feedback par commentaires\nParticipant 101,Ada Lovelace,a@x.org,77,A,Remis,,\"20,00\",Non évalué,Oui,\"lundi, 1 octobre 2024, 10:34\",,-,\n", {6: "5", 13: "1 of 4"}),
    "spanish, locked": ("Identificador,Nombre completo,Dirección de correo,Estado,Calificación,Calificación máxima,La calificación puede ser cambiada,Última modificación (entrega),Última modificación (calificación)\nParticipante 101,Ada Lovelace,a@x.org,-,3,10,No,-,-\nParticipante 102,Alan Turing,b@x.org,-,,10,Sí,-,-\n", {4: "3"}),
    "spanish, without comments": ("Identificador,Nombre completo,Dirección de correo,Estado,Calificación,Calificación máxima,La calificación puede ser cambiada,Última modificación (entrega),Última modificación (calificación)\nParticipante 101,Ada Lovelace,a@x.org,-,,10,Sí,-,\"lunes, 1 de octubre de 2024, 10:34\"\n", {4: "2.5"}),
    "japanese, tabs": ("識別子\tフルネーム\tメールアドレス\tステータス\t評点\t最大評点\t評定は変更できます\t最終更新日時 (提出)\t最終更新日時 (評点)\tフィードバックコメント\n参加者101\tAda Lovelace\ta@x.org\t-\t\t100.00\tYes\t-\t-\t\n", {4: "25", 9: "1 of 4"}),
}  # fmt: skip


def read(tmp_path: Path, text: str) -> Roster:
    (tmp_path / "sheet.csv").write_text(text, encoding="utf-8")
    return read_roster(tmp_path / "sheet.csv")


def filled(name: str, roster: Roster, student: str) -> list[list[str]]:
    (text,) = dict(FORMATS[name]([result("ada.py", student, FOUR)], roster)).values()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("name", MOODLE)
def test_moodle_s_worksheet_in_any_language(tmp_path: Path, name: str) -> None:
    text, due = MOODLE[name]
    roster = read(tmp_path, text)
    ada = roster.find("Participant 101")
    assert roster.kind == "moodle" and ada is not None
    assert ada.label == ("Participant 101" if "blind" in name else "Ada Lovelace")
    header, row, *_ = filled("moodle", roster, ada.label)
    assert header == list(roster.header)
    before = [*roster.rows[0], *[""] * (len(header) - len(roster.rows[0]))]
    for at, cell in enumerate(row):
        assert cell.startswith(due[at]) if at in due else cell == before[at], header[at]


GRADEBOOK = 'Student,ID,SIS User ID,SIS Login ID,Section,{}\n    Points Possible,,,,,{}\n"Lovelace, Ada",101,,ada,S,{}\n'
CANVAS = {
    "its number": (("Essay (900),Homework 5 (901)", "4,8", ","), None, "Homework 5 (901)", "2"),
    "its number, with a zero": (("HW04 (900),HW05 (901)", "4,4", ","), None, "HW05 (901)", "1"),
    "two with the number": (("Homework 5 (901),Essay 5 (902)", "4,8", ","), None, "ex05", "1"),
    "named": (("Essay (900),Backprop by hand (901)", "4,8", ","), "backprop by hand", "Backprop by hand (901)", "2"),
    "named by a part": (("Essay (900),Backprop by hand (901)", "4,8", ","), "by hand", "Backprop by hand (901)", "2"),
    "named by canvas's number": (("Essay (900),Backprop by hand (901)", "4,8", ","), "901", "Backprop by hand (901)", "2"),
}  # fmt: skip


@pytest.mark.parametrize("name", CANVAS)
def test_canvas_s_column(tmp_path: Path, name: str) -> None:
    cells, asked, title, mark = CANVAS[name]
    roster = read(tmp_path, GRADEBOOK.format(*cells))
    if asked is not None:
        roster = Roster(roster.kind, roster.header, roster.rows, roster.students, named_column(roster, asked))
    header, _, ada = filled("canvas", roster, "Lovelace, Ada")
    assert ada[header.index(title)] == mark and sum(cell != "" for cell in ada[5:]) == 1


def test_canvas_in_another_language_from_a_spreadsheet(tmp_path: Path) -> None:
    text = "Studierende;ID;SIS-Nutzer-ID;SIS-Login-ID;Abschnitt;ex05 (901)\n    Mögliche Punkte;;;;;10,0\nLovelace, Ada;101;;ada;S;\nTuring, Alan;102;;alan;S;\n"
    roster = read(tmp_path, text)
    assert roster.kind == "canvas" and [s.label for s in roster.students] == ["Lovelace, Ada", "Turing, Alan"]
    assert [row[5] for row in filled("canvas", roster, "Lovelace, Ada")] == ["ex05 (901)", "10,0", "2.5", ""]


@pytest.mark.parametrize("asked", ["Homework", "nothing", ""])
def test_a_column_that_is_none_is_said_with_those_there_are(tmp_path: Path, asked: str) -> None:
    roster = read(tmp_path, GRADEBOOK.format("Homework 5 (901),Homework 6 (902)", "4,8", ","))
    with pytest.raises(BadInput, match=r"'Homework 5 \(901\)', 'Homework 6 \(902\)'"):
        named_column(roster, asked)
    with pytest.raises(BadInput, match="no gradebook"):
        named_column(read(tmp_path, "name\nAda\n"), asked)


LISTS = {
    "sakai's grades": ("HW 5,SCORE_GRADE_TYPE\n\nDisplay ID,ID,Last Name,First Name,grade\nal123,al123,Lovelace,Ada,\n", "al123"),
    "brightspace's": (
        "OrgDefinedId,Username,Last Name,First Name,HW5 Points Grade,End-of-Line Indicator\n#700101,#al123,Lovelace,Ada,,#\n",
        "700101",
    ),
    "blackboard's": ('"Last Name"\t"First Name"\t"Username"\t"Student ID"\nLovelace\tAda\tal123\t700101\n', "al123"),
    "german": ("Nachname;Vorname;Matrikelnummer;E-Mail-Adresse\nLovelace;Ada;700101;ada@example.org\n", "700101"),
    "french": ("Nom;Prénom;Courriel\nLovelace;Ada;ada@example.org\n", "ada@example.org"),
    "of addresses": ("who;what\nada@example.org;x\n", "ada"),
}


@pytest.mark.parametrize("name", LISTS)
def test_class_lists(tmp_path: Path, name: str) -> None:
    text, key = LISTS[name]
    roster = read(tmp_path, text)
    assert len(roster.students) == 1 and roster.find(key) is roster.students[0]
    assert roster.students[0].label == ("ada@example.org" if "addresses" in name else "Ada Lovelace")


MEANT = {
    "Ada Lovelace": ["Ada Lovelace"], "HW5_lovelace_ada_final": ["Ada Lovelace"], "700101": ["Ada Lovelace"], "hw 5 700101": ["Ada Lovelace"], "al123-late": ["Ada Lovelace"],
    "ada": ["Ada Lovelace Smith"], "ada s work": [], "Lovelace": [], "ada smith lovelace": ["Ada Lovelace Smith"], "hw 5": [], "gh-hopper repo": ["Grace Hopper"], "hopper": [], "grace": [], "Ada Lovelace & Grace Hopper": ["Ada Lovelace", "Grace Hopper"],
    "Ada Lovelace and Nobody": [], "blue": ["Ada Lovelace", "Grace Hopper"],
}  # fmt: skip


@pytest.mark.parametrize("name", MEANT)
def test_whom_a_name_means(tmp_path: Path, name: str) -> None:
    text = "name,id,login,team\nAda Lovelace,700101,al123,Blue\nAda Lovelace Smith,5,ada,Red\nGrace Hopper,700103,gh-hopper,blue\n"
    assert [student.label for student in read(tmp_path, text).meant(name)] == MEANT[name]
