"""What the figures alone say of a wrong gradient that nothing explained, as a diagnosis of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backprop_check.exercise.sizes import written


def unexplained(gradient: Mapping[str, Any]) -> dict[str, Any]:
    """Return a diagnosis, with no code, of a gradient (as `as_json` gives it) that is not right."""
    got, due = gradient["got_shape"], gradient["shape"]
    named = gradient["axes"] if gradient["axes"] == written(due) else f"{gradient['axes']} = {written(due)}"
    if gradient["status"] == "error":
        error = "this line stopped with an error when it ran"
    elif got is None:
        error = f"this is not a tensor; {gradient['name']} is {named}"
    elif got != due:
        error = f"the shape is {written(got)}, but {gradient['name']} is {named}"
    elif gradient["got_dtype"] != gradient["dtype"]:
        error = f"the dtype is {gradient['got_dtype']}, not {gradient['dtype']}"
    else:
        error = "the shape is right, the numbers are not"
    return {"code": "", "certainty": "located", "error": error, "note": "", "help": "", "span": None}
