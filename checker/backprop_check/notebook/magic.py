"""`%%backward ex05`: the cell is the body of `backward`, the course's exercise the forward. `%graph ex05` draws that forward."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from backprop_check.errors import BadInput
from backprop_check.notebook.pictured import displayed
from backprop_check.notebook.session import Session
from backprop_check.notebook.shown import Shown
from backprop_check.report.hint.ladder import STEPS
from backprop_check.submission.cells import cell as as_cell


@magics_class
class BackwardMagics(Magics):
    """The magics of one shell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.kernel, self.session = shell, Session()

    @magic_arguments()
    @argument(
        "exercise", nargs="?", help="ex05, or the path of an exercise file; without it the one named before, or the next of the course"
    )
    @argument("--hint", type=int, choices=range(1, STEPS + 1), default=0, help="give that hint on the first gradient that is not right")
    @cell_magic
    def backward(self, line: str, cell: str) -> None:
        """Check the cell as the body of `backward`, and show which gradients are right and why the others are not."""
        args = parse_argstring(self.backward, line.split("#")[0])
        if not cell.strip():
            raise UsageError("the cell is empty: write gradients into it, one a line, as in `dprobs = ...`.")
        sources = [str(source) for source in self.kernel.history_manager.input_hist_raw]  # this cell's own is the last
        *earlier, own = (as_cell(f"cell [{n}]", text) for n, text in enumerate([*sources[:-1], f"%%backward {line}\n{cell}"]))
        try:
            question = self.session.asked(args.exercise)
            report = self.session.check(question, own, [each for each in earlier if each.text.strip()])
        except BadInput as error:
            raise UsageError(str(error)) from None
        except KeyboardInterrupt:
            raise UsageError("interrupted: nothing was checked.") from None
        display(Shown(report, question, args.hint))

    @magic_arguments()
    @argument("exercise", nargs="?", help="as for %%%%backward")
    @line_magic
    def graph(self, line: str) -> None:
        """Show the forward as a graph, with the verdicts of the last check, and the gradient's way back through it step by step."""
        args = parse_argstring(self.graph, line.split("#")[0])
        try:
            display(displayed(self.session.asked(args.exercise)))
        except BadInput as error:
            raise UsageError(str(error)) from None


def register(shell: Any) -> None:
    """Give `shell` the magic; loaded again, it keeps the one it has."""
    if not isinstance(shell.magics_manager.registry.get("BackwardMagics"), BackwardMagics):
        shell.register_magics(BackwardMagics)
