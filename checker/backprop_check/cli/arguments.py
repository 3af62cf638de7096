"""The arguments of every command. Nothing here knows what a command does, and nothing is imported for it."""

from __future__ import annotations

import argparse
import math
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from backprop_check import __version__
from backprop_check.errors import BadInput, meant, near

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

ABOUT = "Check gradients written by hand, and say why a wrong one is wrong."
EPILOG = """\
backprop-check          go on where you left off
backprop-check ex05     check exercises/ex05_*.py, the same as `check ex05`

Exit codes: 0 all gradients right, 1 some are not, 2 could not be carried out.
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are bad input like any other: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message} (see `{self.prog} --help`).")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Print a help text; argparse's own says nothing where it cannot be written."""
        (file or sys.stdout).write(message)


class _Commands(Parser):
    """The parser of the whole command line: its help lists the commands, which nothing else has to."""

    def format_help(self) -> str:
        self.description = f"{ABOUT}\n\n{_listing()}"
        return super().format_help()


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the arguments; `module` names the file under `cli/` that runs them. Raises `BadInput` for bad usage."""
    parser = _Commands(
        prog="backprop-check",
        usage="backprop-check [COMMAND] ...",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"backprop-check {__version__}")
    commands = parser.add_subparsers(required=True, parser_class=Parser, metavar="COMMAND", help=argparse.SUPPRESS)
    for name, (module, _, text, declare) in COMMANDS.items():
        command = commands.add_parser(
            name, prog=f"backprop-check {name}", description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
        )
        command.set_defaults(module=module, parser=command)
        declare(command)
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        raise BadInput(_not_taken(args.parser, list(argv), unknown[0]))
    if getattr(args, "numeric", False):
        args.module = "numeric"
    if getattr(args, "mutants", False):
        args.module = "mutants"
    return args


def _listing() -> str:
    """Return a line for each command: its name, what it takes, and what it does."""
    shown = {f"  {name} {takes}".rstrip(): text for name, (_, takes, text, _) in COMMANDS.items()}
    column = max(map(len, shown)) + 2
    room = max(20, shutil.get_terminal_size().columns - column - 2)
    folded = {left: textwrap.wrap(text, room) for left, text in shown.items()}
    return "\n".join(f"{left if i == 0 else '':{column}}{line}" for left, lines in folded.items() for i, line in enumerate(lines))


def _not_taken(command: argparse.ArgumentParser, argv: Sequence[str], word: str) -> str:
    if word in COMMANDS:
        return f"the command stands first: `backprop-check {shlex.join([word, *(w for w in argv[1:] if w != word)])}`."
    instead = f"see `{command.prog} --help`."
    if word.startswith("-"):
        return f"`{command.prog}` has no option {word}: {meant(near(word, command._option_string_actions, 1), instead)}"
    return f"`{command.prog}` does not know what to do with {word!r}: {instead}"


def _exercise(command: argparse.ArgumentParser) -> None:
    command.add_argument("exercise", nargs="?", metavar="EX", help="an id (ex05, 5) or an exercise file; else where you left off")


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"give a number of seconds above 0, not {text!r}")
    return number


def _time_limit(command: argparse.ArgumentParser) -> None:
    command.add_argument("--time-limit", type=seconds, default=10.0, metavar="S", help="seconds one statement may take (default 10)")


def _submission(command: argparse.ArgumentParser) -> None:
    command.add_argument("--submission", metavar="FILE", help="a .py or .ipynb file whose `backward` is checked")


def _exercise_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--exercise", dest="exercise_option", metavar="ID|PATH", help="the same as EX, also outside any course")


def _check(command: argparse.ArgumentParser) -> None:
    _exercise(command)
    _exercise_option(command)
    _submission(command)
    command.add_argument("--json", action="store_true", help="print the report as JSON and nothing else")
    command.add_argument("--verbose", action="store_true", help="show where explaining an answer broke off, if it did")
    command.add_argument("--numeric", action="store_true", help="show one gradient beside finite differences, element by element")
    command.add_argument("--target", metavar="NAME", help="with --numeric: the gradient to show")
    _time_limit(command)


def _hint(command: argparse.ArgumentParser) -> None:
    _exercise(command)
    _exercise_option(command)
    _submission(command)
    command.add_argument("--step", type=int, choices=(1, 2, 3, 4), help="which of the four hints; else the one after the last")
    command.add_argument("--target", metavar="NAME", help="the gradient the hint is about; else the first that is not right")
    _time_limit(command)


def _show(command: argparse.ArgumentParser) -> None:
    _exercise(command)
    command.add_argument(
        "name", nargs="?", metavar="NAME", help="a name of the forward (probs) or a gradient (dprobs); else all are listed"
    )


def _graph(command: argparse.ArgumentParser) -> None:
    _exercise(command)
    command.add_argument(
        "--html", nargs="?", const="", metavar="FILE", help="write it as a page for a browser (EX-graph.html; - prints the page)"
    )


def _list(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "chapter", nargs="*", metavar="CHAPTER", help="a chapter, by its title or by an exercise in it; else all, a long course in brief"
    )
    command.add_argument("--all", action="store_true", help="show every exercise of every chapter")


def _watch(command: argparse.ArgumentParser) -> None:
    _exercise(command)
    command.add_argument("--poll", action="store_true", help="look at the file instead of asking the system (network and shared folders)")
    _time_limit(command)


def _lsp(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--stdio", action="store_true", help="talk on standard input and output, as it always does (some editors add this)"
    )
    _time_limit(command)


def _practice(command: argparse.ArgumentParser) -> None:
    command.add_argument("--report", action="store_true", help="show what still slips, and when each mistake is due again")
    command.add_argument("--new", action="store_true", help="draw another exercise, though one is open")
    command.add_argument("--seed", default="", metavar="TEXT", help="draw others than you would be given")


def _reset(command: argparse.ArgumentParser) -> None:
    command.add_argument("exercise", metavar="EX", help="an id of the course (ex05, 5)")
    command.add_argument("--yes", action="store_true", help="do not ask")


def _explain(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "code",
        nargs="?",
        metavar="NAME",
        help="a code of a report, as lost-keepdim, an operation, as tanh or @, or a word, as upstream; else all are listed",
    )


def _train(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "checkpoint", nargs="?", metavar="EX", help="an exercise of the chapter, or the checkpoint's name; else all checkpoints are listed"
    )
    command.add_argument("--steps", type=_steps, metavar="N", help="how many steps; else as many as the checkpoint says")
    command.add_argument("--svg", metavar="FILE", help="also draw the curves as an SVG picture")
    command.add_argument("--fresh", action="store_true", help="do not go on with a training that was stopped")
    command.add_argument("--json", action="store_true", help="print what it came to, or the list, as JSON and nothing else")
    command.add_argument(
        "--time-limit",
        type=seconds,
        default=10.0,
        metavar="S",
        help="seconds a statement may take, and a `backward` in training (default 10)",
    )


def _init(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="DIR", help="where the course goes; its exercises/ must not exist yet")
    command.add_argument(
        "--from",
        dest="source",
        metavar="COURSE",
        help="a folder or an installed package with a course.toml; else ours",
    )


def _new(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME", help="what it is about, in a word or two: layer_norm")
    command.add_argument("--from", dest="forward", metavar="FILE", help="draft it from a file with `inputs` and `forward`")


def _dev(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    check = actions.add_parser("check", help="hold exercises and their solutions to the contract", allow_abbrev=False)
    check.set_defaults(parser=check)
    check.add_argument("exercises", nargs="*", metavar="EX", help="ids or files; else all of the course")
    check.add_argument("--mutants", action="store_true", help="instead: make slips in the solutions, and see what is said of them")
    check.add_argument("--markdown", action="store_true", help="with --mutants: print only the figures, as a table of Markdown")


def _grade(command: argparse.ArgumentParser) -> None:
    command.add_argument("submissions", metavar="SUBMISSIONS", help="a folder or zip of .py and .ipynb files, as the LMS gives it")
    command.add_argument("--out", metavar="DIR", help="where results, marks and feedback go; grading goes on from what is there")
    command.add_argument("--dry-run", action="store_true", help="only show whose each file is and what it answers, and what is not taken")
    command.add_argument("--exercise", metavar="ID|PATH", help="what all of them answer; else their names say it")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=_count, metavar="N", help="how many are judged at a time (default: the number of cores)")
    where.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="judge on a Dask cluster (needs the extra `cluster`)")
    command.add_argument(
        "--time-limit", type=seconds, default=10.0, metavar="S", help="seconds one statement may take (default 10), all 3 x that"
    )
    command.add_argument("--memory-limit", type=_size, default=1 << 30, metavar="SIZE", help="memory a submission may take (default 1GB)")
    command.add_argument("--roster", metavar="FILE.csv", help="the class list, or the sheet downloaded from Canvas or Moodle")
    command.add_argument(
        "--format", nargs="+", action="extend", default=[], metavar="NAME", help="further files to write: gradescope, junit, ..."
    )
    command.add_argument(
        "--single", action="store_true", help="all files are one student's: the best counts, and is written as DIR/FORMAT.json"
    )
    command.add_argument("--column", metavar="NAME", help="with --format canvas: the column for the marks, by its name or number")
    command.add_argument("--yes", action="store_true", help="do not ask whether several files are one student's")
    command.add_argument("--fresh", action="store_true", help="forget the results in DIR and begin anew")
    command.add_argument("--trust-submissions", action="store_true", help="run them even where this machine cannot confine them")


def _export(command: argparse.ArgumentParser) -> None:
    command.add_argument("platform", choices=("gradescope",), metavar="PLATFORM", help="where it is uploaded")
    command.add_argument("exercise", metavar="EX", help="an id (ex05, 5) or an exercise file")
    command.add_argument("--out", metavar="FILE.zip", help="the file to write (default EX-PLATFORM.zip); it must not exist yet")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1024):
        raise argparse.ArgumentTypeError(f"give a whole number above 0, not {text!r}")
    return int(text)


def _steps(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 10**6):
        raise argparse.ArgumentTypeError(f"give a whole number of steps from 1 to a million, not {text!r}")
    return int(text)


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    size = int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ")) if match else 0
    if not 1 << 20 <= size < 1 << 50:
        raise argparse.ArgumentTypeError(f"give a size of at least 1MB, as 512MB or 2GB, not {text!r}")
    return size


def _nothing(command: argparse.ArgumentParser) -> None:
    pass


COMMANDS: dict[str, tuple[str, str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "check": ("check", "[EX]", "check the gradients of an exercise", _check),
    "demo": ("demo", "", "show a wrong answer, why it is wrong, and the line mended", _time_limit),
    "list": ("list", "[CHAPTER ...]", "show the exercises and how far you are", _list),
    "watch": ("watch", "[EX]", "check again at every save", _watch),
    "lsp": ("lsp", "", "serve an editor: mistakes at each save, hints as code actions", _lsp),
    "hint": ("hint", "[EX]", "give a hint, a clearer one each time", _hint),
    "train": ("train", "[EX]", "train a chapter's checkpoint with your own gradients, beside autograd's", _train),
    "show": ("show", "[EX] [NAME]", "show a value or a gradient of an exercise in numbers", _show),
    "graph": ("graph", "[EX]", "draw the forward graph", _graph),
    "solution": ("solution", "[EX]", "show the solution, once passed or when asked twice", _exercise),
    "derive": ("derive", "[EX]", "derive the whole backward from the forward, once passed or when asked twice", _exercise),
    "practice": ("practice", "", "draw an exercise for a mistake that you made, as often as you like", _practice),
    "reset": ("reset", "EX", "put an exercise back as it was, keeping a backup", _reset),
    "explain": ("explain", "[NAME]", "print the page of a mistake, an operation or a word, or list all", _explain),
    "init": ("init", "DIR", "make a course of your own in a folder", _init),
    "new": ("new", "NAME", "add an exercise to the course, from a template", _new),
    "grade": ("grade", "SUBMISSIONS", "grade a class: marks, feedback, and what was not understood", _grade),
    "export": ("export", "PLATFORM EX", "write what a platform wants to be uploaded to grade an exercise", _export),
    "doctor": ("doctor", "", "look at this machine: what is installed, and what holds strangers' code", _nothing),
    "dev": ("dev", "check [EX ...]", "tools for authors of exercises", _dev),
}
"""Each command: the module that runs it, what it takes (its options left out), what its help says, and its arguments."""
