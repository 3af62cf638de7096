"""Whose work a download holds: what platforms export and what people make of it. Nothing is judged here."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from backprop_check.classroom.class_list import read_roster
from backprop_check.grading.found import survey

COURSE = {"ex01": "ex01_dot", "ex05": "ex05_broadcast", "ex06": "ex06_product"}
CONTENTS = {
    "": "def backward(x):\n    dx = ...\n",
    "none": "x = 1\n",
    "cell": '{"cells": [{"cell_type": "code", "source": ["def backward(x):\\n", "    dx = 1"]}]}',
    "magic": '{"cells": [{"cell_type": "code", "source": ["%%backward ex05\\n", "dx = 1"]}]}',
    "text": "Name: Ada\nFiles: none\n",
    "list": "First Name,Last Name,SID,Email,Status,Submission ID\nAda,Lovelace,17,a@x.de,Graded,1\nGrace,Hopper,19,g@x.de,Graded,1\nAlan,Turing,18,t@x.de,Graded,2\nJo,Cox,20,j@x.de,Missing,\n",
    "meta": "submission_1:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '17'\nsubmission_2:\n  :submitters:\n  - :name: Alan Turing\n    :sid: '18'\n",
}


class Layout(NamedTuple):
    """`holds` are paths (what lies in NAME.zip/ is packed) with `=content`. `due` gives the student of each submission; `!` says that
    it cannot be read. `aside` is what is not taken, where that is of interest. `name` is what the download is called."""

    holds: list[str]
    due: dict[str, str]
    aside: set[str] | None = None
    roster: str = ""
    name: str = "in"
    exercise: str | None = "ex05"


WORKSHEET = "\ufeffIdentifier,Full name,Email address,Status,Group,Grade,Maximum grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\n"
LOVELACE = "Participant 101,Ada Lovelace,ada@example.org,-,Group A,,10.00,Yes,-,-,\n"
TURING = "Participant 102,Alan Turing,alan@example.org,-,Group A,,10.00,Yes,-,-,\n"
HOPPER = "Participant 103,Grace Hopper,grace@example.org,-,,,10.00,Yes,-,-,\n"
CANVAS = 'Student,ID,SIS User ID,SIS Login ID,Section,ex05 (901)\n    Points Possible,,,,,4\n"Lovelace, Ada",101,,ada,S,\n"Turing, Alan",102,,alan,S,\n"Hopper, Grace",103,,grace,S,\n"Cox, Jo",104,,jo,S,\n'
PLAIN = "name,login,id\nAda Lovelace,al123,700101\nAlan Turing,at456,700102\nGrace Hopper,gh789,700103\n"
DAY, LATER = "2024-10-01-10-34-00", "2024-10-02-23-59-59"

FOUND = {  # the inputs of found/grading
    "F02 moodle 4.1": Layout(
        ["Ada Lovelace_101_assignsubmission_file/ex05.py", "Ada Lovelace_101_assignsubmission_onlinetext/onlinetext.html=text", "Alan Turing_102_assignsubmission_file/hw.py"],
        {"Ada Lovelace_101_assignsubmission_file/ex05.py": "Ada Lovelace", "Alan Turing_102_assignsubmission_file/hw.py": "Alan Turing"},
        set(),
        WORKSHEET + LOVELACE + TURING,
        "course-hw5-77",
    ),
    "F03 downloaded twice": Layout(["hw5/ada.py", "hw5/alan.py", "hw5/grace.py"], {f"hw5/{n}.py": n for n in ("ada", "alan", "grace")}, set(), name="hw5 (1)"),
    "F03 a zip beside folders": Layout(
        ["subs/ada.zip/ex05.py", "subs/alan/ex05.py", "subs/grace/ex05.py"],
        {"subs/ada.zip/ex05.py": "ada", "subs/alan/ex05.py": "alan", "subs/grace/ex05.py": "grace"},
        set(),
        name="subs (1)",
    ),
    "F03 two folders deep": Layout(
        ["Downloads/course/hw5/ada/ex05.py", "Downloads/course/hw5/alan/ex05.py"],
        {"Downloads/course/hw5/ada/ex05.py": "ada", "Downloads/course/hw5/alan/ex05.py": "alan"},
        set(),
        name="two_folders_deep",
    ),
    "F10 not in the roster": Layout(["ada/ex05.py", "grace/ex05.py"], {"ada/ex05.py": "Ada", "grace/ex05.py": "grace"}, set(), "name\nAda\nBob\n"),
    "F12 moodle before 4.1, in German": Layout(
        ["Ada Lovelace_101_assignsubmission_file_/ex05.py"],
        {"Ada Lovelace_101_assignsubmission_file_/ex05.py": "Ada Lovelace"},
        set(),
        '\ufeffID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"\nTeilnehmer/in101,"Ada Lovelace",ada@example.org,-,,"10,00",Ja,-,-,\n',
    ),
    "F14 zips in canvas": Layout(
        ["lovelaceada_101_5001_hw5.zip/ex05.py", "turingalan_102_5002_ex05.py"],
        {"lovelaceada_101_5001_hw5.zip/ex05.py": "lovelaceada", "turingalan_102_5002_ex05.py": "turingalan"},
        set(),
        name="canvas",
    ),
    "F19 other extensions in canvas": Layout(
        ["lovelaceada_101_5001_ex05.py", "turingalan_102_5002_ex05.ipynb.json=cell", "hoppergrace_103_5003_ex05.py.txt", "coxjo_104_5004_ex05.pdf=text"],
        {
            "lovelaceada_101_5001_ex05.py": "Lovelace, Ada",
            "turingalan_102_5002_ex05.ipynb.json": "Turing, Alan",
            "hoppergrace_103_5003_ex05.py.txt": "Hopper, Grace",
            "coxjo_104_5004_ex05.pdf": "Cox, Jo!",
        },
        set(),
        CANVAS,
    ),
    "F19 other extensions in folders": Layout(
        ["ada/ex05.py", "turingalan/ex05.ipynb.json=cell"], {"ada/ex05.py": "ada", "turingalan/ex05.ipynb.json": "turingalan"}, set()
    ),
}  # fmt: skip

OWN = {
    "moodle, groups": Layout(
        ["Group A_12_assignsubmission_file/ex05.py", "Default group_assignsubmission_file/hw.py", "Grace Hopper_103_assignsubmission_file/hw.py"],
        {
            "Group A_12_assignsubmission_file/ex05.py": "Ada Lovelace, Alan Turing",
            "Default group_assignsubmission_file/hw.py": "Default group",
            "Grace Hopper_103_assignsubmission_file/hw.py": "Grace Hopper",
        },
        set(),
        WORKSHEET + LOVELACE + TURING + HOPPER,
    ),
    "moodle, one who typed it only": Layout(
        ["Ada Lovelace_101_assignsubmission_file/a.py", "Jo Cox_104_assignsubmission_onlinetext/onlinetext.html=text"],
        {"Ada Lovelace_101_assignsubmission_file/a.py": "Ada Lovelace", "Jo Cox_104_assignsubmission_onlinetext/onlinetext.html": "Jo Cox!"},
        set(),
    ),
    "moodle, unpacked beside its worksheet, in a folder": Layout(
        ["Downloads/hw5/Ada Lovelace_101_assignsubmission_file/sub/ex05.py", "Downloads/hw5/Alan Turing_102_assignsubmission_file/x.ipynb=cell", "Downloads/Grades-hw5.csv=text"],
        {
            "Downloads/hw5/Ada Lovelace_101_assignsubmission_file/sub/ex05.py": "Ada Lovelace",
            "Downloads/hw5/Alan Turing_102_assignsubmission_file/x.ipynb": "Alan Turing",
        },
        {"Downloads/Grades-hw5.csv"},
    ),
    "moodle, flat, since 4.1": Layout(
        ["Ada Lovelace_101_assignsubmission_file_ex05.py", "Jo Cox_104_assignsubmission_file_ex05.pdf=text"],
        {"Ada Lovelace_101_assignsubmission_file_ex05.py": "Ada Lovelace", "Jo Cox_104_assignsubmission_file_ex05.pdf": "Jo Cox!"},
        set(),
    ),
    "canvas, late and twice and zipped": Layout(
        ["submissions/lovelaceada_LATE_101_5001_hw5-1.zip/hw5/ex05.py", "submissions/lovelaceada_101_4001_hw5.zip/hw5/ex05.py", "submissions/turingalan_102_5002_ex05.ipynb=cell", "submissions/coxjo_104_text.html=text"],
        {
            "submissions/lovelaceada_LATE_101_5001_hw5-1.zip/hw5/ex05.py": "Lovelace, Ada",
            "submissions/turingalan_102_5002_ex05.ipynb": "Turing, Alan",
            "submissions/coxjo_104_text.html": "Cox, Jo!",
        },
        {"submissions/lovelaceada_101_4001_hw5.zip/hw5/ex05.py"},
        CANVAS,
    ),
    "canvas, groups": Layout(
        ["projectgroup1_201_5001_ex05.py", "projectgroup2_202_5002_ex05.py"],
        {"projectgroup1_201_5001_ex05.py": "projectgroup1", "projectgroup2_202_5002_ex05.py": "projectgroup2"},
    ),
    "blackboard": Layout(
        [f"HW5_alovelace_attempt_{DAY}.txt=text", f"HW5_alovelace_attempt_{DAY}_ex05.py", f"HW5_aturing_attempt_{DAY}.txt=text", f"HW5_aturing_attempt_{DAY}_hw.zip/ex05.py", f"HW5_jcox_attempt_{DAY}.txt=text"],
        {
            f"HW5_alovelace_attempt_{DAY}_ex05.py": "alovelace",
            f"HW5_aturing_attempt_{DAY}_hw.zip/ex05.py": "aturing",
            f"HW5_jcox_attempt_{DAY}.txt": "jcox!",
        },
        set(),
        name="gradebook_CS5_HW5_2024-10-03-08-00-00",
    ),
    "blackboard, two attempts, with a class list": Layout(
        [f"Home_Work 5_al_123_attempt_{DAY}_ex05.py", f"Home_Work 5_al_123_attempt_{LATER}_ex05.py", f"Home_Work 5_gh789_attempt_{DAY}_ex05 (1).py"],
        {
            f"Home_Work 5_al_123_attempt_{DAY}_ex05.py": "Ada Lovelace",
            f"Home_Work 5_al_123_attempt_{LATER}_ex05.py": "Ada Lovelace",
            f"Home_Work 5_gh789_attempt_{DAY}_ex05 (1).py": "Grace Hopper",
        },
        set(),
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"HW5 [Total Pts: 4 Score] |901"\nLovelace\tAda\tal_123\t700101\t\nHopper\tGrace\tgh789\t700103\t\n',
    ),
    "brightspace": Layout(
        ["12345-67890 - Ada Lovelace - Oct 1, 2024 1034 AM/ex05.py", "12345-67890 - Ada Lovelace - Oct 2, 2024 934 PM/ex05.py", "12346-67890 - Alan M. Turing - Oct 1, 2024 1100 AM/hw - copy.ipynb=cell", "index.html=text"],
        {
            "12345-67890 - Ada Lovelace - Oct 1, 2024 1034 AM/ex05.py": "Ada Lovelace",
            "12345-67890 - Ada Lovelace - Oct 2, 2024 934 PM/ex05.py": "Ada Lovelace",
            "12346-67890 - Alan M. Turing - Oct 1, 2024 1100 AM/hw - copy.ipynb": "Alan M. Turing",
        },
        set(),
    ),
    "brightspace, flat": Layout(
        ["12345-67890 - Ada Lovelace - Oct 1, 2024 1034 AM - ex05.py", "12346-67890 - Alan Turing - Oct 1, 2024 1100 AM - ex05 - final.py", "index.html=text"],
        {
            "12345-67890 - Ada Lovelace - Oct 1, 2024 1034 AM - ex05.py": "Ada Lovelace",
            "12346-67890 - Alan Turing - Oct 1, 2024 1100 AM - ex05 - final.py": "Alan Turing",
        },
        set(),
        PLAIN,
    ),
    "sakai": Layout(
        ["HW 5/grades.csv=text", "HW 5/Lovelace, Ada(al123)/Submission attachment(s)/ex05.py", "HW 5/Lovelace, Ada(al123)/timestamp.txt=text", "HW 5/Lovelace, Ada(al123)/feedbackText.html=text", "HW 5/Turing, Alan(at456)/Submission attachment(s)/", "HW 5/Turing, Alan(at456)/Feedback Attachment(s)/", "HW 5/Turing, Alan(at456)/timestamp.txt=text"],
        {"HW 5/Lovelace, Ada(al123)/Submission attachment(s)/ex05.py": "Lovelace, Ada", "HW 5/Turing, Alan(at456)": "Turing, Alan!"},
        set(),
        name="bulk_download",
    ),
    "sakai, flat, with a class list": Layout(
        ["Lovelace, Ada(al123)_Submission attachment(s)_ex05.py", "Turing, Alan(at456)_Submission attachment(s)_hw.zip/a/ex05.py"],
        {
            "Lovelace, Ada(al123)_Submission attachment(s)_ex05.py": "Ada Lovelace",
            "Turing, Alan(at456)_Submission attachment(s)_hw.zip/a/ex05.py": "Alan Turing",
        },
        set(),
        PLAIN,
    ),
    "google classroom, from drive": Layout(
        ["HW 5/Ada Lovelace - ex05.ipynb=cell", "HW 5/Alan Turing - ex05.ipynb=cell", "HW 5/Grace Hopper - Copy of ex05.ipynb=cell"],
        {
            "HW 5/Ada Lovelace - ex05.ipynb": "Ada Lovelace",
            "HW 5/Alan Turing - ex05.ipynb": "Alan Turing",
            "HW 5/Grace Hopper - Copy of ex05.ipynb": "Grace Hopper",
        },
        set(),
        PLAIN,
        "HW 5-20241001T103400Z-001",
    ),
    "teams": Layout(
        ["Submitted files/Ada Lovelace/HW5/Version 1/ex05.py", "Submitted files/Ada Lovelace/HW5/Version 2/ex05.py", "Submitted files/Alan Turing/HW5/Version 1/ex05.py"],
        {
            "Submitted files/Ada Lovelace/HW5/Version 1/ex05.py": "Ada Lovelace",
            "Submitted files/Ada Lovelace/HW5/Version 2/ex05.py": "Ada Lovelace",
            "Submitted files/Alan Turing/HW5/Version 1/ex05.py": "Alan Turing",
        },
        set(),
    ),
    "nbgrader, the whole course": Layout(
        ["gradebook.db=text", "nbgrader_config.py=none", "source/hw5/ex05.ipynb=cell", "release/hw5/ex05.ipynb=cell", "submitted/ada/hw5/ex05.ipynb=cell", "submitted/ada/hw5/timestamp.txt=text", "submitted/alan/hw5/ex05.ipynb=cell", "autograded/ada/hw5/ex05.ipynb=cell"],
        {"submitted/ada/hw5/ex05.ipynb": "ada", "submitted/alan/hw5/ex05.ipynb": "alan"},
    ),
    "github clones with the teacher's answer": Layout(
        ["hw5-submissions/hw5-octocat/ex05.py", "hw5-submissions/hw5-octocat/.github/x.py", "hw5-submissions/hw5-ada-l/exercises/ex05_broadcast.py", "hw5-submissions/solution.py", "hw5-submissions/grades.csv=text"],
        {"hw5-submissions/hw5-octocat/ex05.py": "octocat", "hw5-submissions/hw5-ada-l/exercises/ex05_broadcast.py": "ada-l"},
        {"hw5-submissions/solution.py", "hw5-submissions/grades.csv"},
    ),
    "gradescope, one submission zipped": Layout(
        ["assignment_9_export/submission_metadata.yml=meta", "assignment_9_export/submission_1/hw.zip/ex05.py", "assignment_9_export/submission_2/ex05.pdf=text"],
        {"assignment_9_export/submission_1/hw.zip/ex05.py": "Ada Lovelace", "assignment_9_export/submission_2/ex05.pdf": "Alan Turing!"},
        set(),
    ),
    "sections": Layout(
        ["Section A/ada/ex05.py", "Section A/alan/ex05.py", "Section B/grace/hw.py", "Section B/jo/ex05.py"],
        {"Section A/ada/ex05.py": "ada", "Section A/alan/ex05.py": "alan", "Section B/grace/hw.py": "grace", "Section B/jo/ex05.py": "jo"},
        set(),
    ),
    "sections of single files": Layout(
        ["mon/ada.py", "mon/alan.py", "tue/grace.py", "tue/jo.py", "tue/kim.py", "notes.txt=text"],
        {"mon/ada.py": "ada", "mon/alan.py": "alan", "tue/grace.py": "grace", "tue/jo.py": "jo", "tue/kim.py": "kim"},
        {"notes.txt"},
    ),
    "sections of which the class list knows the students": Layout(
        ["1/al123/a.py=none", "1/at456/b.py=none", "2/gh789/c.py=none"], {"1/al123/a.py": "Ada Lovelace", "1/at456/b.py": "Alan Turing", "2/gh789/c.py": "Grace Hopper"}, set(), PLAIN
    ),
    "the same folders in each": Layout(
        ["ada/hw5/src/ex05.py", "ada/hw5/tests/x.py=none", "alan/hw5/src/ex05.py", "alan/README.md=text"],
        {"ada/hw5/src/ex05.py": "ada", "alan/hw5/src/ex05.py": "alan"},
        {"ada/hw5/tests/x.py", "alan/README.md"},
    ),
    "zips of each": Layout(
        ["ada.zip/ex05.py", "alan.zip/alan/ex05.py", "grace.zip/__MACOSX/._ex05.py", "grace.zip/ex05.py", "jo.zip/jo.zip/work/ex05.py"],
        {"ada.zip/ex05.py": "ada", "alan.zip/alan/ex05.py": "alan", "grace.zip/ex05.py": "grace", "jo.zip/jo.zip/work/ex05.py": "jo"},
        set(),
    ),
    "a zip beside what it holds": Layout(
        ["hw5.zip/hw5/ada/ex05.py", "hw5.zip/hw5/alan/ex05.py", "hw5/ada/ex05.py", "hw5/alan/ex05.py"],
        {"hw5/ada/ex05.py": "ada", "hw5/alan/ex05.py": "alan"},
        {"hw5.zip"},
    ),
    "loose files of the teacher's": Layout(
        ["ada/ex05.py", "alan/work.ipynb=cell", "grace/ex05.py", "grade.py=none", "solution.ipynb=cell", "ex05_broadcast.py", "README.md=text", "rubric.pdf=text"],
        {"ada/ex05.py": "ada", "alan/work.ipynb": "alan", "grace/ex05.py": "grace"},
        {"grade.py", "solution.ipynb", "ex05_broadcast.py", "README.md", "rubric.pdf"},
    ),
    "the teacher's answer among files": Layout(
        ["ada_ex05.py", "alan_ex05.py", "grace_ex05.py", "solution_ex05.py", "tests.py=none"],
        {f"{name}_ex05.py": name for name in ("ada", "alan", "grace")},
        {"solution_ex05.py", "tests.py"},
    ),
    "one file beside the folders": Layout(["hw/ada/ex05.py", "hw/alan/ex05.py", "hw/grace.py"], {"hw/ada/ex05.py": "ada", "hw/alan/ex05.py": "alan", "hw/grace.py": "grace"}, set()),
    "one homework after the other, in folders": Layout(
        ["hw1/ada/a.py", "hw1/alan/a.py", "hw2/ada/a.py", "hw2/alan/a.py"],
        {"hw1/ada/a.py": "ada", "hw1/alan/a.py": "alan", "hw2/ada/a.py": "ada", "hw2/alan/a.py": "alan"},
    ),
    "each with one homework after the other": Layout(
        ["ada/hw1/a.py", "ada/hw2/a.py", "alan/hw1/a.py", "alan/hw2/a.py"],
        {"ada/hw1/a.py": "ada", "ada/hw2/a.py": "ada", "alan/hw1/a.py": "alan", "alan/hw2/a.py": "alan"},
    ),
    "names that only the class list tells": Layout(
        ["stuff/al123.py=none", "stuff/at456.py=none", "stuff/x.py=none"],
        {"stuff/al123.py": "Ada Lovelace", "stuff/at456.py": "Alan Turing", "stuff/x.py": "x"},
        set(),
        PLAIN,
        "stuff (2)",
    ),
    "names within names": Layout(
        ["final_Ada_Lovelace_v2.py", "HW5 turing alan.py", "700103-backprop.ipynb=cell"],
        {"final_Ada_Lovelace_v2.py": "Ada Lovelace", "HW5 turing alan.py": "Alan Turing", "700103-backprop.ipynb": "Grace Hopper"},
        set(),
        PLAIN,
    ),
    "numbers in the names, a list in German": Layout(
        ["Abgaben/Lovelace_Ada_700101/ex05.py", "Abgaben/Turing_Alan_700102/ex05.txt", "Abgaben/Müller_Zoë_700109/ex05.rar=text"],
        {
            "Abgaben/Lovelace_Ada_700101/ex05.py": "Ada Lovelace",
            "Abgaben/Turing_Alan_700102/ex05.txt": "Alan Turing",
            "Abgaben/Müller_Zoë_700109/ex05.rar": "Zoë Müller!",
        },
        set(),
        "Nachname;Vorname;Matrikelnummer;E-Mail\nLovelace;Ada;700101;ada@example.org\nTuring;Alan;700102;alan@example.org\nMüller;Zoë;700109;zoe@example.org\n",
    ),
    "one student's project": Layout(
        ["ada/ex05.py", "ada/src/model.py=none", "ada/tests/test_model.py=none"], {"ada/ex05.py": "ada"}, {"ada/src/model.py", "ada/tests/test_model.py"}
    ),
    "another's name inside": Layout(
        ["eve/grace hopper.py", "al123/ex05.py", "at456/ex05.py"],
        {"eve/grace hopper.py": "eve", "al123/ex05.py": "Ada Lovelace", "at456/ex05.py": "Alan Turing"},
        set(),
        PLAIN,
    ),
}  # fmt: skip
MORE = {  # a second round, written when the first was held
    "two of one name in two small sections": Layout(
        ["Section 1/ada/ex05.py", "Section 1/alan/ex05.py", "Section 1/grace/ex05.py", "Section 2/ada/ex05.py", "Section 2/kim/ex05.py", "Section 2/lee/ex05.py"],
        {
            "Section 1/ada/ex05.py": "ada (Section 1)", "Section 2/ada/ex05.py": "ada (Section 2)", "Section 1/alan/ex05.py": "alan",
            "Section 1/grace/ex05.py": "grace", "Section 2/kim/ex05.py": "kim", "Section 2/lee/ex05.py": "lee",
        },
        set(),
    ),
    "two of one name in two sections": Layout(
        ["Section A/alex/ex05.py", "Section A/ada/ex05.py", "Section A/bo/ex05.py", "Section A/eli/ex05.py", "Section B/alex/ex05.py", "Section B/cy/ex05.py", "Section B/di/ex05.py", "Section B/flo/ex05.py"],
        {
            "Section A/alex/ex05.py": "alex (Section A)", "Section B/alex/ex05.py": "alex (Section B)", "Section A/ada/ex05.py": "ada", "Section A/bo/ex05.py": "bo",
            "Section A/eli/ex05.py": "eli", "Section B/cy/ex05.py": "cy", "Section B/di/ex05.py": "di", "Section B/flo/ex05.py": "flo",
        },
        set(),
    ),
    "a zip of canvas for each section": Layout(
        ["A/submissions.zip/lovelaceada_101_5001_ex05.py", "B/submissions.zip/turingalan_102_5002_ex05.py", "B/submissions.zip/coxjo_104_5004_hw.zip/ex05.py"],
        {
            "A/submissions.zip/lovelaceada_101_5001_ex05.py": "Lovelace, Ada",
            "B/submissions.zip/turingalan_102_5002_ex05.py": "Turing, Alan",
            "B/submissions.zip/coxjo_104_5004_hw.zip/ex05.py": "Cox, Jo",
        },
        set(),
        CANVAS,
    ),
    "the zip of moodle beside a teacher's files": Layout(
        ["hw5.zip/Ada Lovelace_101_assignsubmission_file/ex05.py", "hw5.zip/Alan Turing_102_assignsubmission_file/ex05.py", "grade.py=none", "solution.py"],
        {
            "hw5.zip/Ada Lovelace_101_assignsubmission_file/ex05.py": "Ada Lovelace",
            "hw5.zip/Alan Turing_102_assignsubmission_file/ex05.py": "Alan Turing",
        },
        {"grade.py", "solution.py"},
    ),
    "moodle beside those who came late": Layout(
        ["Moodle/Ada Lovelace_101_assignsubmission_file/ex05.py", "late/jo/ex05.py", "late/kim/ex05.py"],
        {"Moodle/Ada Lovelace_101_assignsubmission_file/ex05.py": "Ada Lovelace", "late/jo/ex05.py": "jo", "late/kim/ex05.py": "kim"},
        set(),
    ),
    "moodle and one who sent it by mail": Layout(
        ["Ada Lovelace_101_assignsubmission_file/ex05.py", "Alan Turing_102_assignsubmission_file/ex05.py", "jo.py"],
        {"Ada Lovelace_101_assignsubmission_file/ex05.py": "Ada Lovelace", "Alan Turing_102_assignsubmission_file/ex05.py": "Alan Turing", "jo.py": "jo"},
        set(),
    ),
    "a pdf in a folder": Layout(["Ada Lovelace/ex05.pdf=text", "Alan Turing/ex05.py"], {"Ada Lovelace/ex05.pdf": "Ada Lovelace!", "Alan Turing/ex05.py": "Alan Turing"}, set(), PLAIN),
    "addresses": Layout(
        ["ada@example.org/ex05.py", "alan@example.org.py"],
        {"ada@example.org/ex05.py": "Ada Lovelace", "alan@example.org.py": "Alan Turing"},
        set(),
        "Nom complet,Adresse de courriel\nAda Lovelace,ada@example.org\nAlan Turing,alan@example.org\n",
    ),
    "letters beyond ascii": Layout(
        ["mu\u0308llerzoe\u0308_109_5001_ex05.py", "ngémile_110_5002_ex05.py"],
        {"mu\u0308llerzoe\u0308_109_5001_ex05.py": "Zoë Müller", "ngémile_110_5002_ex05.py": "Émile Ng"},
        set(),
        "name\nZoë Müller\nÉmile Ng\n",
    ),
    "numbers for names": Layout(["700101/ex05.py", "700102/ex05.py", "700103/hw.zip/ex05.py"], {"700101/ex05.py": "Ada Lovelace", "700102/ex05.py": "Alan Turing", "700103/hw.zip/ex05.py": "Grace Hopper"}, set(), PLAIN),
    "numbers for names, of nobody known": Layout(["week 5/700101.py", "week 5/700102.py"], {"week 5/700101.py": "700101", "week 5/700102.py": "700102"}, set(), name="x"),
    "copies and versions": Layout(
        ["ada/ex05.py", "ada/ex05 (1).py", "ada/ex05-Copy1.ipynb=cell", "ada/old/ex05.py", "alan/ex05.py"],
        {"ada/ex05.py": "ada", "ada/ex05 (1).py": "ada", "ada/ex05-Copy1.ipynb": "ada", "ada/old/ex05.py": "ada", "alan/ex05.py": "alan"},
        set(),
    ),
    "a pair": Layout(["Ada Lovelace + Alan Turing/ex05.py", "grace_hopper/ex05.py"], {"Ada Lovelace + Alan Turing/ex05.py": "Ada Lovelace, Alan Turing", "grace_hopper/ex05.py": "Grace Hopper"}, set(), PLAIN),
    "teams of a list": Layout(
        ["Team 1/ex05.py", "Team 2/x.ipynb=cell"],
        {"Team 1/ex05.py": "Ada Lovelace, Grace Hopper", "Team 2/x.ipynb": "Alan Turing"},
        set(),
        "name,team\nAda Lovelace,Team 1\nAlan Turing,Team 2\nGrace Hopper,team 1\n",
    ),
    "no exercise named": Layout(
        ["ada/ex05.py", "ada/ex06.py", "alan/ex05.ipynb=cell", "grade.py=none"],
        {"ada/ex05.py": "ada", "ada/ex06.py": "ada", "alan/ex05.ipynb": "alan"},
        {"grade.py"},
        exercise=None,
    ),
    "nothing, half a zip and another archive": Layout(
        ["ada/ex05.py", "jo/", "kim/hw.zip=text", "lea/hw.tar.gz=text"], {"ada/ex05.py": "ada", "jo": "jo!", "kim/hw.zip": "kim!", "lea/hw.tar.gz": "lea!"}, set()
    ),
    "folders in folders in a zip": Layout(
        ["a/b/c/class.zip/ada/ex05.py", "a/b/c/class.zip/alan/ex05.py"], {"a/b/c/class.zip/ada/ex05.py": "ada", "a/b/c/class.zip/alan/ex05.py": "alan"}, set()
    ),
    "what tools leave": Layout(
        ["ada/.ipynb_checkpoints/ex05-checkpoint.ipynb=cell", "ada/ex05.ipynb=cell", "alan.zip/__MACOSX/alan/._ex05.py", "alan.zip/alan/ex05.py", "alan.zip/alan/.DS_Store=text"],
        {"ada/ex05.ipynb": "ada", "alan.zip/alan/ex05.py": "alan"},
        set(),
    ),
    "zips of repositories": Layout(
        ["hw5-octocat-main.zip/hw5-octocat-main/ex05.py", "hw5-ada-l-main.zip/hw5-ada-l-main/ex05.py"],
        {"hw5-octocat-main.zip/hw5-octocat-main/ex05.py": "Alan Turing", "hw5-ada-l-main.zip/hw5-ada-l-main/ex05.py": "Ada Lovelace"},
        set(),
        "identifier,github_username,github_id,name\nAda Lovelace,ada-l,5,\nAlan Turing,octocat,6,\n",
    ),
    "each one's copy of the course": Layout(
        ["ada/backprop/exercises/ex05_broadcast.py", "ada/backprop/exercises/ex01_dot.py", "ada/backprop/solutions/ex05_broadcast.py", "alan/course/exercises/ex05_broadcast.py"],
        {"ada/backprop/exercises/ex05_broadcast.py": "ada", "alan/course/exercises/ex05_broadcast.py": "alan"},
        {"ada/backprop/exercises/ex01_dot.py", "ada/backprop/solutions/ex05_broadcast.py"},
    ),
}  # fmt: skip
THIRD = {  # a third round
    "a file at each level": Layout(
        ["Downloads/notes.txt=text", "Downloads/course/grade.py=none", "Downloads/course/hw5/ada/ex05.py", "Downloads/course/hw5/alan/ex05.py", "Downloads/course/hw5/solution.ipynb=cell"],
        {"Downloads/course/hw5/ada/ex05.py": "ada", "Downloads/course/hw5/alan/ex05.py": "alan"},
        {"Downloads/notes.txt", "Downloads/course/grade.py", "Downloads/course/hw5/solution.ipynb"},
    ),
    "a space behind the name": Layout(["ada/ex05.py ", "alan/EX05.PY", "jo/ex05.ipynb.txt=cell"], {"ada/ex05.py ": "ada", "alan/EX05.PY": "alan", "jo/ex05.ipynb.txt": "jo"}, set()),
    "names without their middle or accents": Layout(
        ["Ada Lovelace/ex05.py", "Zoe Muller/ex05.py", "hw_emile_ng.py"],
        {"Ada Lovelace/ex05.py": "Ada Augusta Lovelace", "Zoe Muller/ex05.py": "Zoë Müller", "hw_emile_ng.py": "Émile Ng"},
        set(),
        "name\nAda Augusta Lovelace\nZoë Müller\nÉmile Ng\nEmil Ng\nAda Byron\n",
    ),
    "gradescope's list in csv": Layout(
        ["assignment_9_export/submission_metadata.csv=list", "assignment_9_export/1/ex05.py", "assignment_9_export/2/ex05.py"],
        {"assignment_9_export/1/ex05.py": "Ada Lovelace, Grace Hopper", "assignment_9_export/2/ex05.py": "Alan Turing"},
        set(),
    ),
    "openolat, with what was given and given back": Layout(
        [*(f"{n}/{f}" for n in ("Lovelace_Ada_al123", "Turing_Alan_at456") for f in ("1_task/ex05.py", "2_submissions/ex05.py", "3_corrections/ex05_right.py")), "Hopper_Grace_gh789/1_task/ex05.py"],
        {"Lovelace_Ada_al123/2_submissions/ex05.py": "Ada Lovelace", "Turing_Alan_at456/2_submissions/ex05.py": "Alan Turing", "Hopper_Grace_gh789": "Grace Hopper!"},
        {f"{n}/{f}" for n in ("Lovelace_Ada_al123", "Turing_Alan_at456") for f in ("1_task", "3_corrections")} | {"Hopper_Grace_gh789/1_task"},
        PLAIN,
    ),
    "sakai, marked by hand": Layout(
        ["Lovelace, Ada(al123)/Submission attachment(s)/work.py", "Lovelace, Ada(al123)/Feedback Attachment(s)/right.py", "Turing, Alan(at456)/Submission attachment(s)/ex05.py"],
        {"Lovelace, Ada(al123)/Submission attachment(s)/work.py": "Ada Lovelace", "Turing, Alan(at456)/Submission attachment(s)/ex05.py": "Alan Turing"},
        {"Lovelace, Ada(al123)/Feedback Attachment(s)"},
        PLAIN,
    ),
    "nobody's name, numbered by the browser": Layout(
        ["ex05.py", "ex05 (1).py", "ex05 (2).py"], {"ex05.py": "ex05", "ex05 (1).py": "(1)", "ex05 (2).py": "(2)"}, set()
    ),
    "archives of other kinds": Layout(
        ["ada.rar=text", "Alan Turing/ex05.7z=text", "grace.py", "gh789.tar.gz=text"],
        {"ada.rar": "Ada Lovelace!", "Alan Turing/ex05.7z": "Alan Turing!", "grace.py": "grace", "gh789.tar.gz": "Grace Hopper!"},
        set(),
        PLAIN,
    ),
    "a letter before numbers, numbers before names, logins nobody listed": Layout(
        ["s700101.py", "700102王小明_ex05.py", "ghopper.py"],
        {"s700101.py": "Ada Lovelace", "700102王小明_ex05.py": "王小明", "ghopper.py": "Grace Hopper"},
        set(),
        "name,id\nAda Lovelace,700101\n王小明,700102\nGrace Hopper,700103\n",
    ),
    "documents called as the work of others": Layout(
        ["Ada - ex05.pdf=text", "Alan - ex05.py", "Grace - ex05.py", "handout - ex05.pdf=text", "Alan - ex05 plots.pdf=text"],
        {"Ada - ex05.pdf": "Ada!", "Alan - ex05.py": "Alan", "Grace - ex05.py": "Grace"},
        {"handout - ex05.pdf", "Alan - ex05 plots.pdf"},
    ),
    "feedback beside the class": Layout(
        ["ex05/Ada/ex05.py", "ex05/Alan/ex05.py", "feedback/Ada/ex05.py"], {"ex05/Ada/ex05.py": "Ada", "ex05/Alan/ex05.py": "Alan"}, {"feedback"}
    ),
    "solutions beside the class": Layout(
        ["Ada Lovelace/ex05.py", "Alan Turing/ex05.py", "Musterlösung/ex05.py", "solutions/ex05.py"],
        {"Ada Lovelace/ex05.py": "Ada Lovelace", "Alan Turing/ex05.py": "Alan Turing"},
        {"Musterlösung", "solutions"},
        PLAIN,
    ),
    "tests in each repository": Layout(
        ["hw-ada/src/ex05.py", "hw-ada/tests/test_ex05.py=none", "hw-alan/src/ex05.py", "hw-alan/tests/test_ex05.py=none"],
        {"hw-ada/src/ex05.py": "hw-ada", "hw-alan/src/ex05.py": "hw-alan"},
        {"hw-ada/tests/test_ex05.py", "hw-alan/tests/test_ex05.py"},
    ),
    "groups of a list, each with work of their own": Layout(
        ["Gruppe 1/lovelace.py", "Gruppe 1/mueller.py", "Gruppe 1/nobody.py", "Gruppe 2/Grace Hopper/ex05.py", "Gruppe 2/Jo Cox/ex05.py", "Gruppe 3/ex05.py"],
        {"Gruppe 1/lovelace.py": "Ada Lovelace", "Gruppe 1/mueller.py": "Björn Müller", "Gruppe 1/nobody.py": "nobody", "Gruppe 2/Grace Hopper/ex05.py": "Grace Hopper", "Gruppe 2/Jo Cox/ex05.py": "Jo Cox", "Gruppe 3/ex05.py": "Uwe Berg, Kai Roth"},
        set(),
        "Name;Gruppe\nAda Lovelace;1\nBjörn Müller;1\nGrace Hopper;Gruppe 2\nJo Cox;Gruppe 2\nUwe Berg;3\nKai Roth;3\n",
    ),
    "surnames alone": Layout(
        ["lovelace_ex05.py", "mueller-ex05.ipynb=cell", "hopper.rar=text", "Mail von Jo/ex05 (1).py"],
        {"lovelace_ex05.py": "Ada Lovelace", "mueller-ex05.ipynb": "Björn Müller", "hopper.rar": "Grace Hopper!", "Mail von Jo/ex05 (1).py": "Jo Cox"},
        set(),
        "name\nAda Lovelace\nBjörn Müller\nGrace Hopper\nJo Cox\n",
    ),
    "a surname of two, and one that two files have": Layout(
        ["berg/ex05.py", "ada/ex05.py", "lovelace/ex05.py", "hopper/ex05.py"],
        {"berg/ex05.py": "berg", "ada/ex05.py": "ada", "lovelace/ex05.py": "lovelace", "hopper/ex05.py": "Grace Hopper"},
        set(),
        "name\nAda Lovelace\nUwe Berg\nKai Berg\nGrace Hopper\n",
    ),
    "sections of surnames": Layout(
        ["Gruppe 1/berg.py", "Gruppe 1/mueller.py", "Gruppe 2/cox.py", "Gruppe 2/hopper.py"],
        {"Gruppe 1/berg.py": "Uwe Berg", "Gruppe 1/mueller.py": "Björn Müller", "Gruppe 2/cox.py": "Jo Cox", "Gruppe 2/hopper.py": "Grace Hopper"},
        set(),
        "Name;Vorname\nBerg;Uwe\nMüller;Björn\nCox;Jo\nHopper;Grace\n",
    ),
    "names that fit two": Layout(
        ["Ada Lovelace/ex05.py", "Jo/ex05.py"],
        {"Ada Lovelace/ex05.py": "Ada Lovelace", "Jo/ex05.py": "Jo Cox"},
        set(),
        "name\nAda Augusta Lovelace\nAda Byron Lovelace\nJo Cox\n",
    ),
    "the class under a copy's name, with the teacher's file": Layout(
        ["hw5/ada.ipynb=cell", "hw5/alan.ipynb=cell", "hw5/grade.py=none", "hw5/README.md=text"],
        {"hw5/ada.ipynb": "ada", "hw5/alan.ipynb": "alan"},
        {"hw5/grade.py", "hw5/README.md"},
        name="hw5(3)",
    ),
    "sections with the teacher's files": Layout(
        ["A/ada/ex05.py", "A/alan/ex05.py", "A/solution.py", "B/grace/ex05.py", "B/jo.zip/ex05.py", "B/kim.py", "grade.py=none"],
        {"A/ada/ex05.py": "ada", "A/alan/ex05.py": "alan", "B/grace/ex05.py": "grace", "B/jo.zip/ex05.py": "jo", "B/kim.py": "kim"},
        {"A/solution.py", "grade.py"},
    ),
    "submissions beside the class list": Layout(
        ["roster.csv=text", "submissions/ada/ex05.py", "submissions/alan/ex05.py", "submissions/.DS_Store=text"], {"submissions/ada/ex05.py": "ada", "submissions/alan/ex05.py": "alan"}, {"roster.csv"}
    ),
    "one student in a section": Layout(
        ["Mon/ada/ex05.py", "Tue/alan/ex05.py", "Tue/grace/ex05.py"], {"Mon/ada/ex05.py": "ada", "Tue/alan/ex05.py": "alan", "Tue/grace/ex05.py": "grace"}, set()
    ),
    "moodle, with a student's zip of a folder": Layout(
        ["Ada Lovelace_101_assignsubmission_file/HW 5.zip/HW 5/work/ex05.ipynb=cell", "Ada Lovelace_101_assignsubmission_file/HW 5.zip/HW 5/work/helpers.py=none", "Alan Turing_102_assignsubmission_file/report.docx=text", "Alan Turing_102_assignsubmission_file/notes.txt=text"],
        {"Ada Lovelace_101_assignsubmission_file/HW 5.zip/HW 5/work/ex05.ipynb": "Ada Lovelace", "Alan Turing_102_assignsubmission_file": "Alan Turing!"},
    ),
}  # fmt: skip
FOURTH = {  # a fourth round
    "a class of two, each with modules": Layout(
        ["hand-ins/ada/ex05.py", "hand-ins/ada/lib/ops.py=none", "hand-ins/alan/main.py", "hand-ins/alan/util.py=none"],
        {"hand-ins/ada/ex05.py": "ada", "hand-ins/alan/main.py": "alan"},
        {"hand-ins/ada/lib/ops.py", "hand-ins/alan/util.py"},
    ),
    "folders named with the date": Layout(
        ["2024-10-01 Ada Lovelace/ex05.py", "2024-10-01 Alan Turing/ex05.py", "2024-10-02 Grace Hopper/ex05.py"],
        {"2024-10-01 Ada Lovelace/ex05.py": "Ada Lovelace", "2024-10-01 Alan Turing/ex05.py": "Alan Turing", "2024-10-02 Grace Hopper/ex05.py": "Grace Hopper"},
        set(),
        PLAIN,
    ),
    "one student's zip named for the exercise": Layout(
        ["ex05_ada.zip/ex05.py", "ex05_alan.zip/solution/ex05.py", "ex05_grace/work.py"],
        {"ex05_ada.zip/ex05.py": "ada", "ex05_alan.zip/solution/ex05.py": "alan", "ex05_grace/work.py": "grace"},
        set(),
    ),
    "a year's folder": Layout(
        ["2024/autumn/hw5/ada/ex05.py", "2024/autumn/hw5/alan/ex05.py", "2024/autumn/hw6/ada/ex06.py", "2024/autumn/hw6/alan/ex06.py"],
        {"2024/autumn/hw5/ada/ex05.py": "ada", "2024/autumn/hw5/alan/ex05.py": "alan"},
        {"2024/autumn/hw6/ada/ex06.py", "2024/autumn/hw6/alan/ex06.py"},
    ),
    "resubmissions in folders": Layout(
        ["ada/submission 1/ex05.py", "ada/submission 2/ex05.py", "alan/submission 1/ex05.py"],
        {"ada/submission 1/ex05.py": "ada", "ada/submission 2/ex05.py": "ada", "alan/submission 1/ex05.py": "alan"},
        set(),
    ),
    "groups in groups": Layout(
        ["Lab 1/Group 1/ex05.py", "Lab 1/Group 2/ex05.py", "Lab 2/Group 1/ex05.py", "Lab 2/Group 3/ex05.py"],
        {"Lab 1/Group 1/ex05.py": "Group 1", "Lab 1/Group 2/ex05.py": "Group 2", "Lab 2/Group 1/ex05.py": "Group 1", "Lab 2/Group 3/ex05.py": "Group 3"},
    ),
    "a notebook and its export": Layout(
        ["ada/ex05.ipynb=cell", "ada/ex05.html=text", "ada/ex05.py", "alan/ex05.ipynb=cell", "alan/img/plot.png=text"],
        {"ada/ex05.ipynb": "ada", "ada/ex05.py": "ada", "alan/ex05.ipynb": "alan"},
        {"ada/ex05.html", "alan/img/plot.png"},
    ),
    "canvas with two files of each": Layout(
        ["lovelaceada_101_5001_helpers.py=none", "lovelaceada_101_5002_hw.py", "turingalan_LATE_102_5003_hw.py", "turingalan_LATE_102_5004_notes.pdf=text"],
        {"lovelaceada_101_5002_hw.py": "lovelaceada", "turingalan_LATE_102_5003_hw.py": "turingalan"},
        {"lovelaceada_101_5001_helpers.py", "turingalan_LATE_102_5004_notes.pdf"},
    ),
    "the whole course, an exercise after the other": Layout(
        ["ex01/ada.py", "ex01/alan.py", "ex05/ada.py", "ex05/alan.py", "README.md=text"],
        {"ex05/ada.py": "ada", "ex05/alan.py": "alan"},
        {"ex01/ada.py", "ex01/alan.py", "README.md"},
    ),
    "a repository with students as folders": Layout(
        ["students/ada-l/ex05.py", "students/alan/ex05.py", "README.md=text", "tools/check.py=none", ".github/x.py=none"],
        {"students/ada-l/ex05.py": "ada-l", "students/alan/ex05.py": "alan"},
        {"README.md", "tools"},
    ),
    "names in capitals, from a form": Layout(
        ["TURING Alan - ex05.py", "LOVELACE Ada - ex05 - Copy.py", "hopper, grace.ipynb=cell"],
        {"TURING Alan - ex05.py": "Alan Turing", "LOVELACE Ada - ex05 - Copy.py": "Ada Lovelace", "hopper, grace.ipynb": "Grace Hopper"},
        set(),
        PLAIN,
    ),
    "a zip of moodle and its worksheet, twice downloaded": Layout(
        ["CS-HW5-77.zip/Ada Lovelace_101_assignsubmission_file/ex05.py", "CS-HW5-77 (1).zip/Ada Lovelace_101_assignsubmission_file/ex05.py", "Grades-CS.csv=text"],
        {"CS-HW5-77.zip/Ada Lovelace_101_assignsubmission_file/ex05.py": "Ada Lovelace"},
        {"CS-HW5-77 (1).zip", "Grades-CS.csv"},
    ),
    "two of whom only one can be read": Layout(["ada/ex05.pages=text", "alan/ex05.py"], {"ada/ex05.pages": "ada!", "alan/ex05.py": "alan"}, set()),
    "all in one zip in a zip": Layout(["hw5.zip/hw5/ada.py", "hw5.zip/hw5/alan.py"], {"hw5.zip/hw5/ada.py": "ada", "hw5.zip/hw5/alan.py": "alan"}, set(), name="Downloads"),
}  # fmt: skip
FIFTH = {  # a fifth round
    "deep, with a copy's name in between": Layout(
        ["a/b (1)/c/d/ada/work/ex05.py", "a/b (1)/c/d/alan/ex05.py", "a/b (1)/c/d/grace/hw/final/ex05.ipynb=cell"],
        {"a/b (1)/c/d/ada/work/ex05.py": "ada", "a/b (1)/c/d/alan/ex05.py": "alan", "a/b (1)/c/d/grace/hw/final/ex05.ipynb": "grace"},
        set(),
    ),
    "the answer beside zips": Layout(
        ["hw/ada.zip/ex05.py", "hw/alan.zip/ex05.py", "hw/solution.ipynb=cell", "hw/autograder.py=none"],
        {"hw/ada.zip/ex05.py": "ada", "hw/alan.zip/ex05.py": "alan"},
        {"hw/solution.ipynb", "hw/autograder.py"},
        name="x",
    ),
    "one student only, downloaded twice": Layout(["hw5/ada.py"], {"hw5/ada.py": "ada"}, set(), name="hw5 (1)"),
    "a tutor's folder each": Layout(
        ["tutor kim/ada.ipynb=cell", "tutor kim/alan.ipynb=cell", "tutor lee/grace.ipynb=cell", "tutor lee/jo.ipynb=cell", "tutor max/pat.ipynb=cell"],
        {"tutor kim/ada.ipynb": "ada", "tutor kim/alan.ipynb": "alan", "tutor lee/grace.ipynb": "grace", "tutor lee/jo.ipynb": "jo", "tutor max/pat.ipynb": "pat"},
        set(),
    ),
    "a class as folders and one as files": Layout(
        ["morning/ada/ex05.py", "morning/alan/ex05.py", "evening/grace.py", "evening/jo.py"],
        {"morning/ada/ex05.py": "ada", "morning/alan/ex05.py": "alan", "evening/grace.py": "grace", "evening/jo.py": "jo"},
        set(),
    ),
    "students in groups that the list does not know": Layout(
        ["Group A/ada/ex05.py", "Group A/alan/ex05.py", "Group B/grace/ex05.py", "Group B/jo/ex05.py"],
        {"Group A/ada/ex05.py": "Ada", "Group A/alan/ex05.py": "Alan", "Group B/grace/ex05.py": "grace", "Group B/jo/ex05.py": "jo"},
        set(),
        "name\nAda\nAlan\nKim\n",
    ),
    "one name of a platform among others": Layout(
        ["ada/ex05.py", "alan/ex05.py", "grace/ex05.pdf=text", "Jo Cox_104_assignsubmission_file/ex05.py", "kim/"],
        {"ada/ex05.py": "ada", "alan/ex05.py": "alan", "grace/ex05.pdf": "grace!", "Jo Cox_104_assignsubmission_file/ex05.py": "Jo Cox", "kim": "kim!"},
        set(),
    ),
    "magic cells only": Layout(
        ["hw5/ada.ipynb=magic", "hw5/alan.ipynb=magic"], {"hw5/ada.ipynb": "ada", "hw5/alan.ipynb": "alan"}, set(), name="nb"
    ),
    "a repository of one student": Layout(
        ["ada/README.md=text", "ada/exercises/ex05_broadcast.py", "ada/checker/run.py=none", "ada/setup.py=none"],
        {"ada/exercises/ex05_broadcast.py": "ada"},
        {"ada/README.md", "ada/checker/run.py", "ada/setup.py"},
    ),
    "the files of one student, named to the class list": Layout(
        ["ada/part1.py=none", "ada/ex05.py", "ada/notes/x.py=none"], {"ada/ex05.py": "Ada Lovelace"}, {"ada/part1.py", "ada/notes/x.py"}, "name,login\nAda Lovelace,ada\nAlan Turing,alan\n"
    ),
    "a zip of one student beside the folder of another time": Layout(
        ["ada/ex05.py=none", "ada.zip/ada/ex05.py", "alan/ex05.py"], {"ada/ex05.py": "ada", "ada.zip/ada/ex05.py": "ada", "alan/ex05.py": "alan"}, set()
    ),
}  # fmt: skip
KNOWN = "name,login,id,email\nAda Lovelace,al123,700101,ada@example.org\nAlan Turing,at456,700102,alan@example.org\nGrace Hopper,gh789,700103,grace@example.org\nJürgen Müller,jm321,700104,jm@example.org\n"
SIXTH = {  # a sixth round, of 50: those that did not hold, and the platforms that no row has yet
    "prairielearn": Layout(
        ["ada@example.org_1_hw5_ex05_1_3_4711_ex05.py", "jm@example.org_1_hw5_ex05_1_2_4713_my_2_ex05.py"],
        {"ada@example.org_1_hw5_ex05_1_3_4711_ex05.py": "Ada Lovelace", "jm@example.org_1_hw5_ex05_1_2_4713_my_2_ex05.py": "Jürgen Müller"},
        set(),
        KNOWN,
    ),
    "prairielearn, for manual grading": Layout(
        ["ada@example.org_700101_hw5-ex05_99_ex05.py", "alan@example.org_700102_hw5-ex05_97_ex05.py"],
        {"ada@example.org_700101_hw5-ex05_99_ex05.py": "ada@example.org", "alan@example.org_700102_hw5-ex05_97_ex05.py": "alan@example.org"},
        set(),
    ),
    "a number behind the exercise": Layout(
        ["Ada - ex05.py", "Ada - ex05 (1).py", "Jürgen Müller - ex05 (1).py"],
        {"Ada - ex05.py": "Ada", "Ada - ex05 (1).py": "Ada (1)", "Jürgen Müller - ex05 (1).py": "Jürgen Müller"},
        set(),
    ),
    "canvas in sections, one of them small": Layout(
        ["1/lovelaceada_101_5001_ex05.py", "1/turingalan_102_5002_ex05.py", "2/hoppergrace_103_5003_ex05.py"],
        {"1/lovelaceada_101_5001_ex05.py": "Lovelace, Ada", "1/turingalan_102_5002_ex05.py": "Turing, Alan", "2/hoppergrace_103_5003_ex05.py": "Hopper, Grace"},
        set(),
        CANVAS,
    ),
    "zips of repositories with their branch": Layout(
        ["hw5-ada-main.zip/hw5-ada-main/ex05.py", "hw5-alan-main.zip/hw5-alan-main/src/ex05.py", "hw5-grace-master.zip/hw5-grace-master/ex05.py"],
        {
            "hw5-ada-main.zip/hw5-ada-main/ex05.py": "Ada Lovelace",
            "hw5-alan-main.zip/hw5-alan-main/src/ex05.py": "Alan Turing",
            "hw5-grace-master.zip/hw5-grace-master/ex05.py": "Grace Hopper",
        },
        set(),
        KNOWN,
    ),
    "moodle, the group before the name": Layout(
        ["Group A-Ada Lovelace_101_assignsubmission_file/ex05.py", "Group B-Jürgen Müller_104_assignsubmission_file/ex05.py"],
        {"Group A-Ada Lovelace_101_assignsubmission_file/ex05.py": "Ada Lovelace", "Group B-Jürgen Müller_104_assignsubmission_file/ex05.py": "Jürgen Müller"},
        set(),
        KNOWN,
    ),
    "ilias": Layout(
        ["HW 5/Abgaben/Lovelace_Ada_al123_5501/20241001103400_ex05.py", "HW 5/Abgaben/Müller_Jürgen_jm321_5504/20241001113400_ex05.py"],
        {"HW 5/Abgaben/Lovelace_Ada_al123_5501/20241001103400_ex05.py": "Ada Lovelace", "HW 5/Abgaben/Müller_Jürgen_jm321_5504/20241001113400_ex05.py": "Jürgen Müller"},
        set(),
        KNOWN,
    ),
    "submitty": Layout(
        ["submissions/hw05/al123/1/ex05.py", "submissions/hw05/al123/2/ex05.py", "submissions/hw05/al123/user_assignment_settings.json=text", "submissions/hw05/at456/1/ex05.py"],
        {"submissions/hw05/al123/1/ex05.py": "al123", "submissions/hw05/al123/2/ex05.py": "al123", "submissions/hw05/at456/1/ex05.py": "at456"},
    ),
    "microsoft forms": Layout(
        ["ex05_Ada Lovelace.py", "ex05 1_Alan Turing.py", "ex05_Jürgen Müller 1.py"],
        {"ex05_Ada Lovelace.py": "Ada Lovelace", "ex05 1_Alan Turing.py": "Alan Turing", "ex05_Jürgen Müller 1.py": "Jürgen Müller"},
        set(),
        KNOWN,
    ),
    "mails, saved by day": Layout(
        ["2024-10-01 Ada Lovelace <ada@example.org>/ex05.py", "2024-10-02 Jürgen Müller <jm@example.org>/ex05.py", "2024-10-02 Eve Other <eve@x.org>/ex05.py"],
        {
            "2024-10-01 Ada Lovelace <ada@example.org>/ex05.py": "Ada Lovelace",
            "2024-10-02 Jürgen Müller <jm@example.org>/ex05.py": "Jürgen Müller",
            "2024-10-02 Eve Other <eve@x.org>/ex05.py": "2024-10-02 Eve Other <eve@x.org>",
        },
        set(),
        KNOWN,
    ),
    "those who were late, in a folder beside the others": Layout(
        ["alan/ex05.py", "grace/ex05.py", "Late submissions/ada/ex05.py", "Late submissions/kim/ex05.py", "jo_late/torch/ex05.py", "jo_late/numpy/ex05.py"],
        {
            "alan/ex05.py": "alan",
            "grace/ex05.py": "grace",
            "Late submissions/ada/ex05.py": "ada",
            "Late submissions/kim/ex05.py": "kim",
            "jo_late/torch/ex05.py": "jo_late",
            "jo_late/numpy/ex05.py": "jo_late",
        },
        set(),
    ),
    "gradescope, in a zip of everything": Layout(
        ["all.zip/assignment_9_export/submission_metadata.yml=meta", "all.zip/assignment_9_export/submission_1/ex05.py", "all.zip/assignment_9_export/submission_2/src/ex05.py"],
        {"all.zip/assignment_9_export/submission_1/ex05.py": "Ada Lovelace", "all.zip/assignment_9_export/submission_2/src/ex05.py": "Alan Turing"},
        set(),
    ),
    "schoology": Layout(
        ["Lovelace, Ada/Revision 1 - On Time/ex05.py", "Lovelace, Ada/Revision 2 - Late/ex05.py", "Müller, Jürgen/Revision 1 - On Time/ex05.py"],
        {"Lovelace, Ada/Revision 1 - On Time/ex05.py": "Lovelace, Ada", "Lovelace, Ada/Revision 2 - Late/ex05.py": "Lovelace, Ada", "Müller, Jürgen/Revision 1 - On Time/ex05.py": "Müller, Jürgen"},
        set(),
    ),
}  # fmt: skip
LAYOUTS = FOUND | OWN | MORE | THIRD | FOURTH | FIFTH | SIXTH


def pack(files: dict[str, bytes]) -> bytes:
    """Return a zip; what lies in a folder called like a zip becomes one."""
    held, inner = io.BytesIO(), {}
    with zipfile.ZipFile(held, "w") as archive:
        for path, data in files.items():
            outer, zipped, rest = path.partition(".zip/")
            if zipped:
                inner.setdefault(outer + ".zip", {})[rest] = data
            else:
                archive.writestr(path, data)
        for path, those in inner.items():
            archive.writestr(path, pack(those))
    return held.getvalue()


def contents(holds: list[str]) -> dict[str, bytes]:
    return {name.partition("=")[0]: CONTENTS[name.partition("=")[2]].encode() if not name.endswith("/") else b"" for name in holds}


def written(root: Path, layout: Layout, stored: str) -> Path:
    data = pack(contents(layout.holds))
    if stored == "zip":
        (root / f"{layout.name}.zip").write_bytes(data)
        return root / f"{layout.name}.zip"
    folder = root / layout.name
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("stored", ["folder", "zip"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_everybody_is_there_with_what_they_handed_in(tmp_path: Path, name: str, stored: str) -> None:
    layout, roster = LAYOUTS[name], None
    if layout.roster:
        (tmp_path / "roster.csv").write_text(layout.roster, encoding="utf-8")
        roster = read_roster(tmp_path / "roster.csv")
    seen = survey(written(tmp_path, layout, stored), layout.exercise, COURSE, roster)
    assert {f.submission: f.student + "!" * bool(f.trouble) for f in seen.found} == layout.due
    if layout.aside is not None:
        assert {left.path for left in seen.aside} == layout.aside


# What is there, and whether a teacher is asked whose it is.
ASKED: dict[str, tuple[list[str], bool]] = {
    "versions": (["ada/ex05.py", "ada/ex05_final.py"], False),
    "copies": (["ada/ex05.py", "ada/ex05 (1).py", "ada/plots.py=none"], False),
    "parts": (["ada/q1.py", "ada/q2.py"], False),
    "names in a folder": (["hw/alpha.py", "hw/beta.py"], False),  # they are two students
    "names and a module in a folder": (["hw/alpha.py", "hw/beta.py", "hw/common.py=none"], True),
    "names and the exercise in a folder": (["x/alpha.py", "x/beta.py", "x/ex05.py"], True),
    "numbers": (["hw/1.py", "hw/2.py", "hw/3.py"], True),
    "a platform says whose": (["Ada_1_assignsubmission_file/alpha.py", "Ada_1_assignsubmission_file/beta.py"], False),
    "another exercise's": (["ada/ex05.py", "ada/ex06.py", "ada/ex01.py"], False),
    "a copy of the course": (["ada/exercises/ex05_broadcast.py", "ada/solutions/ex05_broadcast.py", "ada/exercises/ex06_product.py"], False),
    "sections, not written yet": (["mon/ada.py=none", "mon/alan.py=none", "tue/grace.py=none", "tue/jo.py=none"], True),
    "sections of the same names": (["Section 1/ada/ex05.py", "Section 1/alan/ex05.py", "Section 2/ada/ex05.py", "Section 2/alan/ex05.py"], True),
    "folders that may be sections": (["mon/ada/ex05.py", "mon/al/ex05.py", "mon/jo/ex05.py", "tue/ada/ex05.py", "tue/al/ex05.py", "tue/bo/ex05.py", "tue/cy/ex05.py"], True),
    "one student's folders": (["ada/try/ex05.py", "ada/src/ex05.py"], False),
    "the same parts in each": (["ada/deep/ex05.py", "ada/wide/ex05.py", "alan/deep/ex05.py", "alan/wide/ex05.py"], False),
    "the same files in each": (["ada/net.py", "ada/loss.py", "alan/net.py", "alan/loss.py"], False),
    "one of many with many": (["ada/alpha.py", "ada/beta.py", *(f"s{n}/ex05.py" for n in range(5))], False),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_whether_a_teacher_is_asked(tmp_path: Path, name: str) -> None:
    holds, asked = ASKED[name]
    seen = survey(written(tmp_path, Layout(holds, {}), "zip"), "ex05", COURSE)
    assert bool(seen.doubt) == asked, seen.doubt
    assert not survey(tmp_path / "in.zip", "ex05", COURSE, single=True).doubt
    if asked:
        (tmp_path / "roster.csv").write_text("\n".join(["name", *{f.student for f in seen.found}]))
        assert not survey(tmp_path / "in.zip", "ex05", COURSE, read_roster(tmp_path / "roster.csv")).doubt
