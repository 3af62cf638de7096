"""What is wrong with a course's checkpoints, for their author: each takes a step by autograd."""

from __future__ import annotations

from collections.abc import Iterator

from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course
from backprop_check.exercise.definition import course_exercise
from backprop_check.trace.graph import load_graph
from backprop_check.training.checkpoint import read_checkpoint
from backprop_check.training.run import AUTOGRAD, Trainer


def checkpoint_findings(course: Course) -> Iterator[str]:
    """Yield a line for each checkpoint that cannot be trained, or shows nothing."""
    for chapter in course.chapters():
        path = course.checkpoint(chapter.checkpoint) if chapter.checkpoint else None
        if path is None:
            continue
        try:
            checkpoint = read_checkpoint(path)
            graphs = {name: load_graph(course_exercise(course, course.find(name))) for name in checkpoint.trains}
            trainer = Trainer(checkpoint, graphs, {})
            training = trainer.begin(AUTOGRAD)
            for _ in trainer.go_on([training], 1, (0,)):
                pass
        except BadInput as error:
            yield str(error)
            continue
        if not training.samples[0].strip():
            yield f"{path}: `sample` gives no line: return what the model makes, as text."
