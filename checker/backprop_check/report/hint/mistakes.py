"""What to ask about each mistake, and the laws of those that are no matter of derivatives. Braces are filled with `facts`."""

from __future__ import annotations

_WHERE_HOW_MUCH = "{part} says where something comes back. How much comes back there?"
_MEET = "Write its axes under each tensor of your line: which ones meet there now?"
_LEFT = "Which axes has {node}, {axes}, and which are left after {part}?"
FETCH = "The forward carries {one} to {goes}. From which place does your line fetch its gradient?"
SLOPE = "When {one} rises a little, how much of that reaches {reached}? Is that {beside}?"
_FACTORS = "Which operations lie {way}? Where in your line is the slope of each?"
_RISE = "Let {one} rise a little: does {users} notice?"

QUESTIONS = {
    "accidental-outer": "Which numbers of the two tensors meet in {part}, and which of them meet in the forward?",
    "aliased": "Go from line {first} to line {line}: how many names does the tensor of {name} have in the end?",
    "applied-twice": "Of what does {part} take the function? Has the forward taken it already?",
    "autograd-used": "Be autograd for a moment, standing at {lines}: which one rule do you apply, and to what?",
    "bad-reshape": "Write both shapes one under the other, aligned from the right: what would have to become of each axis?",
    "changed-forward": "After {part}: which of your lines read other numbers than the forward's?",
    "diagonal-jacobian": "Which numbers of {users} does {one} move? Where in your line is what comes back from each of them?",
    "doubled-branch": "How often does the forward use {node}, and how many terms has your answer?",
    "dropped-epsilon": "What exactly is raised, rooted or divided by in {lines}? Is all of it in your line?",
    "dropped-repeats": "If the index names one row twice, how often does your line write into it, and with what?",
    "elementwise-for-matmul": "How many numbers of {users} does {one} move, or what moves each of them? What adds up such products?",
    "extra-keepdim": _LEFT,
    "extra-term": "For which use of {node} in the forward does {part} stand in your line?",
    "hard-coded-size": "Let it be {large} in the place of {small}. Which lengths in your line would have to change with that, and do they?",
    "ignored-index": _RISE,
    "index-as-value": "Does an index say how much something moves, or which one moves?",
    "inner-for-outer": "{node} is {axes}: one gradient for each. Which two numbers make the one at {one}?",
    "lost-keepdim": _LEFT,
    "mask-as-gradient": _WHERE_HOW_MUCH,
    "mean-for-sum": "Does each use of {one} send back all that comes from it, or only a share?",
    "missing-branch": "On the right of which lines does {node} stand? For each of them: where in your answer is what comes back?",
    "missing-inner-derivative": _FACTORS,
    "missing-label": "At one entry of each row your gradient is not right. What is read there that is read nowhere else?",
    "missing-local-derivative": _FACTORS,
    "missing-mask": _RISE,
    "missing-scatter": "How many rows has {node}, and how many has yours? Into which rows of {node} do yours belong?",
    "missing-sum": "Your answer is {got}, and {node} is {axes}: how many of your numbers belong to {one} alone?",
    "missing-transpose": _MEET,
    "missing-upstream": "Suppose twice as much arrived from above. What must become of {name}, and what becomes of yours?",
    "misused-shortcut": "Of which two operations, one after the other, is {part} the gradient? Are they these?",
    "multiplied-branches": "If one use of {node} sends back 0 and another 5, what comes back from the two together?",
    "needless-sum": "Which numbers does {part} bring together? Does your line need their sum, or each of them?",
    "needless-transpose": _MEET,
    "not-a-tensor": "{node} is {axes}. What kind of thing holds its gradient, and what kind is yours?",
    "not-callable": "What stands before the brackets: a function, or something to multiply with?",
    "not-expanded": "Yours is {got}, and {node} is {axes}. What does each single number of {node} receive?",
    "not-finite": "Where does your line divide, raise or take a logarithm? What comes out where that number is 0, or very large?",
    "not-reshaped": FETCH,
    "not-selected": "Let a number of {node} rise that is not the winner of its row. Does anything move?",
    "not-written": "By which name does the exercise ask for the gradient of {node}? And which statement gives that name a value?",
    "overwritten-branch": "What is in {name} after line {first}, and what is in it after line {line}?",
    "plus-for-times": "Suppose nothing arrived from above, only zeros. What must {name} be, and what would yours be?",
    "reversed-axes": "How many axes does {part} turn round? Which two should change places?",
    "scrambled-reshape": "A reshape reads row by row. Which number of the one shape comes to stand at {place} of the other?",
    "shadowed-name": "What did the forward mean by `{other}`, and what does it mean below line {line}?",
    "shape-error": "Write its axes under each operand of {part}: which meet there, and which meet in the forward?",
    "shifted-labels": "Which entry of each row does {users} read? Is it the one you index with?",
    "stale-name": "Go through your lines from the top, and say after each which gradient {part} is. Which one does {name} need?",
    "subtracted-branch": "If two uses of {node} send back 1 each, what comes back from the two together?",
    "sum-before-product": "Take two pairs by hand: (2 + 3) times (5 + 7), and 2 times 5 plus 3 times 7. Which of the two do you compute, "
    "and which does the forward ask for?",
    "summed-everything": "Which numbers does {one} move in the forward? Which of those that {part} adds up come back from there?",
    "swapped-where": "Where the condition holds, which of the two does `where` take? Is that {node}?",
    "syntax-error": "Say line {line} aloud, sign by sign: where does it stop making sense?",
    "through-detach": "`detach()` hands a value on. What does it hand back?",
    "tie-convention": "If two numbers are equally large, which of them moved the result: the first, both, each by half?",
    "transposed": "{node} is {axes}. Which of its axes stands first in yours?",
    "undefined-name": "Line {line} has the forward's names to choose from, and the gradients finished above it. Which of them do you mean "
    "by {part}?",
    "unrecognised": "Leave your line aside for a moment and begin at {lines}.",
    "used-too-early": "Stand at line {line}. Which terms are in {part} by then, and which are still to come?",
    "wrong-axis": "Write the axes under each tensor of your line. Which does {part} name, and what does the forward do along it?",
    "wrong-dtype": "Of which kind are your numbers, and of which kind are those of {node}?",
    "wrong-idea": "Leave your line aside for a moment and begin at {lines}.",
    "wrong-local-derivative": SLOPE,
    "wrong-mask": "For which numbers of {node} does {users} move when they rise? Does your line let just those through?",
    "wrong-operand": "Let {one} rise a little. With what is that little multiplied on its way to {goes}, and what arrives there?",
    "wrong-permutation": FETCH,
    "wrong-point": "A slope belongs to a point. Is your formula made for {node}, or for the result {users}?",
    "wrong-power": "Try it with numbers: let {node} go from 2 to 2.01. How much does {users} move for that 0.01? And by your formula?",
    "wrong-scale": "Which plain numbers multiply or divide {way}, or come out of a power, a square or a mean there? "
    "Has your line these, each once, and no others?",
    "wrong-sign": "Let {one} rise a little: how much of that reaches {reached}, and with which sign? Which sign has it in your line?",
    "wrong-slice": FETCH,
    "wrong-start": "Let {one} rise by 1: by how much does {goes} move? Can your line come to that, beginning as it does?",
    "wrong-transpose": _MEET,
}

ONE_USE = {
    "missing-branch": "Let {one} rise a little: which numbers on the way to {far} move with it? Is what comes back from each in your line?",
}
"""Of values that the forward uses once only, in the place of the question above."""

LAWS = {
    "aliased": "`=` copies no numbers, it gives one tensor a second name. What is done to it in place (`+=`, `*=`, `[...] =`, a function "
    "that ends in _) shows under both. In small: `{name} = torch.ones(2); {other} = {name}; {other} += 1` leaves 2 and 2 in {name}.",
    "bad-reshape": "A reshape keeps every number: as many before as after, read row by row. `expand` copies: along axes of length "
    "1, and along new ones in front.",
    "changed-forward": "The slopes are those of the forward, at the numbers it had. What writes into one of its tensors takes those away "
    "from every line below. In small: `{other} = torch.ones(2); {other}.mul_(3)` leaves 3 and 3 in {other}.",
    "doubled-branch": "Each use sends its gradient back once: as many terms as uses.",
    "hard-coded-size": "The length of an axis belongs to the tensor, not to the line. {node} is {shape}: at {small} that is "
    "{due_small}, at {large} {due_large}. A line that holds for both takes its lengths from the tensors.",
    "multiplied-branches": "Along one path slopes multiply. Between the paths there is only a plus.",
    "not-callable": "A bracket after a value is a call. Two things side by side are not multiplied: `*` has to say so.",
    "not-written": "A value belongs to the name on the left of `=`, letter by letter. In small: `d_{node} = 2` leaves {name} without one.",
    "overwritten-branch": "`=` gives a name a new value and forgets the old one; `+=` adds to it. In small: `{name} = 2`, then "
    "`{name} = 3`, leaves 3; with `+=` it is 5.",
    "shadowed-name": "An assignment gives the name another value for every line below. The slopes need the one the forward gave it. In "
    "small: `{other} = 2; {other} = 3 * {other}` and then `1 - {other}**2` reads 6, not 2.",
    "stale-name": "A name means what was assigned to it last, when the line runs. In small: `{bare} = 2; {name} = 10 * {bare}; "
    "{bare} = 3` leaves 20 in {name}, not 30.",
    "subtracted-branch": "A minus of the forward is a slope like any other, and belongs into the term of its own path. Between the terms "
    "there is only a plus.",
    "syntax-error": "Python reads a whole line before it computes any of it: every bracket closes, and between two values stands an "
    "operator.",
    "tie-convention": "Where two are equally large, the maximum has no single slope: every way of sharing is a subgradient. autograd has "
    "chosen one of them, and the check goes by that.",
    "undefined-name": "A line of `backward` may use what the forward names, the gradients written above it, and names of your own.",
    "used-too-early": "A gradient is complete when every use of its value has sent its part back; only then may others be made from it. "
    "In small: `{bare} = 1; {name} = -{bare}; {bare} += 2` leaves -1 in {name}, not -3.",
    "wrong-dtype": "A gradient says how much, in floating-point numbers of the forward's own kind.",
}

RIGHT_ELSEWHERE = frozenset({"aliased", "changed-forward", "shadowed-name", "stale-name", "used-too-early", "hard-coded-size"})
"""Mistakes of an answer whose formula is right: about those there is nothing to ask or to say of derivatives."""

UNTOUCHED = frozenset({"aliased", "changed-forward", "shadowed-name"})
"""Of those, the ones that no other expression for the gradient puts right, since what spoils it stands in another line."""

NAMELESS = frozenset({"unrecognised", "wrong-idea"})
"""Those whose page can show nothing of this mistake."""
