"""What became of a submission that was not simply judged, for each who reads it. Plain words, no markup."""

from __future__ import annotations

from typing import NamedTuple

from backprop_check.records import Outcome


class Ended(NamedTuple):
    """`what` it did, for the teacher's screen; `why` nothing was judged, for a gradebook; `advice`, for the student."""

    what: str
    why: str
    advice: str


ENDED: dict[Outcome, Ended] = {
    "timeout": Ended(
        "took too long",
        "it did not end within the time limit",
        "Your code was still running when its time was up, and was stopped. "
        "Look for a loop that never ends, or one over single elements where one operation on whole tensors would do.",
    ),
    "memory": Ended(
        "took too much memory",
        "it needed more memory than the limit",
        "Your code asked for more memory than there is for it, and was stopped. "
        "Look for a tensor that grows in a loop, or for a broadcast that builds a far larger table than its operands.",
    ),
    "crashed": Ended(
        "ended its process",
        "the process that ran it ended",
        "Python ended while your code ran, without an error of its own. "
        "Look for calls that end it, such as `os._exit()`, and for a function that calls itself without end.",
    ),
    "unreadable": Ended(
        "could not be read",
        "it could not be read",
        "Your submission could not be read. "
        "Look whether it is the right file, a `.py` or `.ipynb` that opens where you wrote it, and whether it defines `backward`.",
    ),
    "refused": Ended(
        "was not run, or broke the rules of the talk with the judge",
        "it was refused",
        "Your submission was not run, or did what grading does not allow. "
        "Look whether it is a plain file of your own (not a link), and for code that writes to other places than its own variables.",
    ),
}
