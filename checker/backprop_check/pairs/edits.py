"""The changes of one thing in a backward's source, likeliest first."""

from __future__ import annotations

from collections.abc import Sequence

from backprop_check.pairs.edit import Kind
from backprop_check.pairs.edits_forms import axes_order, called_otherwise, numbers, powers, reductions, turned
from backprop_check.pairs.edits_names import (
    complements,
    factors,
    functions,
    more_terms,
    only_asked,
    other_names,
    other_sizes,
    scales,
    slopes,
    too_much,
    unused,
)
from backprop_check.pairs.edits_places import exchanged, other_places, steps
from backprop_check.pairs.edits_signs import all_of_it, differences, inner_signs, minuses, signs, written_anew

KINDS: Sequence[Kind] = (
    unused, written_anew, minuses, differences, signs, turned, steps, other_places, exchanged, axes_order, called_otherwise,
    reductions, too_much, slopes, other_sizes, all_of_it, powers, inner_signs, factors, other_names, scales, numbers,
    functions, complements, more_terms, only_asked,
)  # fmt: skip
