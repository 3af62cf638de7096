"""What torch's own errors mean, by their messages: those of which nothing has to be looked up in the line.

Between braces stand the groups of the pattern by their numbers, `{whole}` for all of it and `{groups}` for those that were found; `{name}`
and `{given}`, the function that raised and what it was given first; `{node}`, and `{users}`, the lines of the forward that use it.
"""

from __future__ import annotations

from typing import NamedTuple

SHAPE, CALL = "shape-error", "wrong-call"


class Known(NamedTuple):
    """A message, and what is said of it; `name` stands for the function where the part that raised is not found.

    `code` is the mistake that the message proves; None where it is one of many.
    """

    pattern: str
    error: str
    note: str
    help: str
    name: str = "it"
    code: str | None = None


KNOWN = (
    Known(
        r"Number of indices \((\d+)\) should be equal to source\.size\(dim\): \((\d+)\), for dim: (\d+)",
        "`index_add` has {1} indices, and {2} slice{s} along axis {3} to add",
        "Along axis {3} it adds each slice of what is given to the place that its index names: as many slices as indices.",
        "Ask along which axis the index counts, and give one slice for each index; for one place in each row there is `scatter`.",
        code=SHAPE,
    ),
    Known(
        r"(index_\w+?|scatter\w*?)_?\(\): "
        r"(?:Index is supposed to be a vector, but got dim: \d+ with type: (?!Long|Int)|Expected dtype \S+ for index)",
        "`{1}` is given values where its index belongs",
        "It takes an axis, then the index, then what is brought to the places that the index names.",
        "Put the index second and the gradient third.",
        code=CALL,
    ),
    Known(
        r"Index is supposed to be a vector, but got dim: (\d+)",
        "`index_add` takes an index of one axis, and this one has {1}",
        "Each index belongs to one slice of what is added.",
        "Lay the index out in one axis, `.reshape(-1)`, and the gradient with one slice for each index; or use `index_put` with "
        "`accumulate=True`.",
        code=SHAPE,
    ),
    Known(
        r"Index tensor must have the same number of dimensions",
        "the index has another number of axes than the tensor it goes into",
        "`scatter` and `gather` read the index place by place: it has as many axes as the tensor.",
        "Give the index the axis that it lacks, as `.unsqueeze(...)` does, and what goes to its places too, where that lacks it.",
        code=SHAPE,
    ),
    Known(
        r"one_hot is only applicable to index tensor",
        "`one_hot` takes whole numbers, and `{given}` holds values",
        "It puts a one at the place that each index names.",
        "Give it the places: `argmax` along the axis tells them, where the forward picks the largest.",
        code=CALL,
    ),
    Known(
        r"einsum\(\): (fewer|more) operands were provided",
        "`einsum` was given {1} tensors than its letters name",
        "Between the commas stands one group of letters for each tensor.",
        "Give one tensor for each group of letters.",
        code=CALL,
    ),
    Known(
        r"output subscript (\w) does not appear",
        "the letter `{1}` of the result stands for no axis of what is given",
        "`einsum` copies along no new axis: each letter after `->` has to stand before it.",
        "Give the axis with length 1 and let it be copied, as with `torch.ones_like({node})`.",
        code=SHAPE,
    ),
    Known(
        r"indexing tensors could not be broadcast together with shapes (.*)",
        "the indices have different lengths: {1}",
        "Indices that stand side by side name one place together: the first of each, the second of each, and so on.",
        "Give both one length, taken from the tensor, as `range(x.shape[0])` is.",
        code=SHAPE,
    ),
    Known(
        r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)",
        "index {1} does not exist on axis {2}, which has length {3}",
        "An axis of length n has the indices 0 to n - 1.",
        "Ask which axis this index counts along, and how long that is.",
        code=SHAPE,
    ),
    Known(
        r"received an invalid combination of arguments - got \((?:Tensor, )?keepdim=bool, \)",
        "`{name}` is told to keep an axis, and not which",
        "Without an axis it runs over all of them.",
        "Name the axis too: `{name}(axis, keepdim=True)`.",
        "sum",
        code=CALL,
    ),
    Known(
        r"(\w+)\(\) takes (\d+) positional arguments? but (\d+) w",
        "`{1}` takes {2} argument{s}, and was given {3}",
        "A comma between two tensors multiplies nothing.",
        "Take away what is too many; a further factor stands outside of the brackets, with `*`.",
        code=CALL,
    ),
    Known(
        r"argument 'indices' \(position \d+\) must be tuple of Tensors, not Tensor",
        "the index is one tensor, and a tuple is asked for",
        "A tuple of one has a comma: `(index,)`.",
        "Write the comma after the index.",
        code=CALL,
    ),
    Known(
        r"same dtype, but got: ([\w ]+) != ([\w ]+)|expected scalar type (\w+) but found (\w+)",
        "numbers of two kinds meet here: {groups}",
        "A matrix product needs one kind.",
        "Give both one kind: `.to(x.dtype)`, x being the other.",
    ),
    Known(
        r"Subtraction, the `-` operator, with (?:a|two) bool tensors? is not supported",
        "`-` takes no mask: True and False are no numbers",
        "In a product a mask is 1 and 0 by itself; in a difference torch asks for numbers.",
        "Make numbers of the mask first: `.to({node}.dtype)`.",
    ),
    Known(
        r"tensors used as indices must be long|Expected dtype int32/int64 for index",
        "this index holds values, not places",
        "An index is whole numbers: it says where.",
        "To multiply with values write `*`.",
    ),
    Known(
        r"Tensors must have same number of dimensions: got \d+ and \d+|Sizes of tensors must match except in dimension \d+[^.]*",
        "`{name}` joins tensors whose shapes do not allow it: {whole}",
        "`{name}` puts tensors side by side: it adds nothing up and multiplies nothing.",
        "Go back to {users}: is anything joined or cut there?",
        "cat",
        code=SHAPE,
    ),
    Known(
        r"linalg\.inv|must be batches of square matrices",
        "`{name}` is the inverse of a matrix",
        "One divided by each number is something else.",
        "Element by element it is `1 / x`, or `x**-1`.",
        "inverse",
        code=SHAPE,
    ),
    Known(
        r"Boolean value of Tensor with more than one value is ambiguous",
        "here one yes or no is asked of a tensor of many numbers",
        "`if`, `while`, `and`, `or` and `not` want one truth value.",
        "Choose element by element: `torch.where(condition, x, y)`, or multiply with a mask such as `(x > 0)`.",
    ),
    Known(
        r"argument 'tensors' \(position 1\) must be tuple of Tensors",
        "`{name}` takes a list of tensors",
        "What it joins stands in one pair of square brackets.",
        "Write `torch.{name}([x, y], axis)`.",
        code=CALL,
    ),
    Known(
        r"Number of dimensions of repeat dims can not be smaller",
        "`repeat` says less than one count for each axis",
        "It takes one count for every axis of the tensor; further ones in front make new axes.",
        "Say a count for each axis, 1 where nothing is repeated.",
        code=SHAPE,
    ),
    Known(
        r"stack expects each tensor to be equal size, but got (\[[\d, ]*\]) at entry 0 and (\[[\d, ]*\]) at entry (\d+)",
        "`stack` takes tensors of one shape: entry 0 has the lengths {1}, and entry {3} {2}",
        "It lays them side by side along a new axis: it adds nothing up, and copies nothing.",
        "Ask which of them has the shape that each slice of {node} has, and what the other lacks for that.",
        code=SHAPE,
    ),
    Known(
        r"too many indices for tensor of dimension (\d+)",
        "there are more indices here than the tensor has axes, {1}",
        "Each index, and each `:`, stands for one axis; `None` makes a new one.",
        "Write one index for each axis, at the most.",
        code=SHAPE,
    ),
    Known(
        r"(?:Length of pad should be no more than twice|Padding length should be less than or equal to two times) .*?(\d+)\D+(\d+)",
        "`pad` is told {1} lengths, more than two for each axis",
        "It takes two lengths for an axis, before and behind: for the last axis first, then for the one before it.",
        "Ask along which axes something was cut away, and how much before and behind.",
        code=SHAPE,
    ),
    Known(
        r"Indexing dim (\d+) is out of bounds of the source tensor",
        "`{name}` works along axis {1}, which what is brought does not have",
        "What is brought to the places has the axes of the tensor that it goes into.",
        "Keep the axes apart: lay out only those that the index counts along.",
        code=SHAPE,
    ),
    Known(
        r"Size does not match at dimension (\d+) expected index (\[[\d, ]*\]) to be no larger than (?:self|src) (\[[\d, ]*\])",
        "the index has the lengths {2}, and what `{name}` reads with it {3}: on axis {1} there is too little",
        "The index is read place by place beside the tensor: but for the axis that it counts along it is no longer than that.",
        "Ask along which axis the index counts; along the others it has the tensor's own lengths.",
        code=SHAPE,
    ),
    Known(
        r"(?:where )?expected condition to be a boolean tensor, but got a tensor with dtype (\w+)",
        "`where` asks for a mask first, and `{given}` holds numbers",
        "A mask holds True and False: it says where the second holds, and where the third.",
        "Put the mask first: a comparison, such as `x > 0`.",
        code=CALL,
    ),
    Known(
        r"step is (-?\d+) but must be > 0",
        "`unfold` is told a step of {1}",
        "From one window to the next it goes a step forward, of 1 at least.",
        "Write the step with which the windows of the forward follow each other.",
        code=CALL,
    ),
    Known(
        r"takes from \d+ to \d+ positional arguments but \d+ were given",
        "`{name}` is given more arguments than it takes",
        "A comma between two tensors multiplies nothing.",
        "Take away what is too many; a further factor stands outside of the brackets, with `*`.",
        code=CALL,
    ),
    Known(
        r"Padding length must be divisible by 2",
        "`pad` is told an odd number of lengths",
        "It takes two lengths for each axis, before and behind, the last axis first.",
        "Say for each axis both how much is missing before and how much behind.",
        code=SHAPE,
    ),
    Known(
        r"number of dimensions in the tensor input does not match the length of the desired ordering .*= (\d+) is not equal to .*= (\d+)",
        "`permute` has to name each axis once: it names {2}, of {1}",
        "At each place it names the axis of the tensor that is to stand there.",
        "Write the axes of the tensor down, and then in which order they are to stand.",
        code=SHAPE,
    ),
    Known(
        r"zero-dimensional tensor .* cannot be concatenated",
        "`cat` joins along an axis, and a single number has none",
        "What it joins keeps its axes; it makes no new one.",
        "`torch.stack` puts single numbers side by side, along a new axis.",
        code=SHAPE,
    ),
)
