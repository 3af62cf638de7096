"""One file per mistake: its page as the docstring, and `find(case)`, which speaks only when it has proven its cause.

To add a rule: write its file, and put it in its place in `RULES`. The first whose proof stands speaks: what is certain stands first, then
what the shape shows, then what only the values show; the facts come last.
"""

from checker.diagnosis.rules import (
    aliased,
    autograd_used,
    bad_reshape,
    changed_forward,
    extra_keepdim,
    hard_coded_size,
    lost_keepdim,
    missing_local_derivative,
    missing_sum,
    missing_upstream,
    not_a_tensor,
    not_expanded,
    scrambled_reshape,
    shape_error,
    summed_everything,
    syntax_error,
    transposed,
    undefined_name,
    unrecognised,
    wrong_axis,
    wrong_dtype,
    wrong_sign,
)

RULES = (
    syntax_error,
    autograd_used,
    undefined_name,
    bad_reshape,
    shape_error,
    not_a_tensor,
    wrong_dtype,
    aliased,
    hard_coded_size,
    changed_forward,
    lost_keepdim,
    extra_keepdim,
    missing_sum,
    summed_everything,
    not_expanded,
    transposed,
    scrambled_reshape,
    wrong_axis,
    wrong_sign,
    missing_upstream,
    missing_local_derivative,
    unrecognised,
)
