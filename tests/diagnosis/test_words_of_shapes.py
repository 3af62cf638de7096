"""What is said of shapes, axes, matrix products, names and raised errors is true of the answer at hand, and leads to the right line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop_check.flow import check
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

EXERCISES = Path(__file__).parents[2] / "exercises"

LEADS_NOWHERE = r"one by one, from the inside|\btimes dc\b"

SAID = [
    # An exercise, the answer; what has to be said, and what must not be. Nothing is written that the forward does not have.
    ("ex01b", "db = dc @ a", r"`dc` is a single number: multiply with it by `\*`", r"has to go away|must be equal"),
    ("ex01b", "da = torch.dot(2 * c, b)", r"`2 \* c` is a single number", r"[Aa]ligned from the right"),
    ("ex02", "da = dc * b", r"Give `dc` an axis of length 1 last.*\(N, 1\)", r"one too many|another order"),
    ("ex02b", "da = torch.einsum('i,i->i', dc, b)", r"`i` has length 5 in `dc` and 3 in `b`", r"[Aa]ligned from the right"),
    ("ex02b", "da = torch.einsum('nk,k->nk', dc, b)", r"`dc` has 1 axes, and `nk` names 2", r"[Aa]ligned"),
    ("ex03b", "da = torch.einsum('nm,mk->nk', dc, b)", r"`m` has length 7 in `dc` and 3 in `b`", r"or one of them 1"),
    ("ex03b", "da = torch.mm(b, dc)", r"has no M, so they meet on M", r"[Aa]ligned"),
    ("ex05", "dcounts = counts_sum_inv @ dprobs", r"no matrix product in `probs = counts \* counts_sum_inv`", r"has to go away"),
    ("ex05", "dprobs = (1 - act**2) @ dact", r"no matrix product in `act = torch.tanh\(probs\)`", r"has to go away"),
    ("ex05", "dcounts = counts_sum_inv.squeeze() * dprobs", r"Leave the `\.squeeze\(\)` out", r"one too many"),
    ("ex11b", "dW2 = h.view(-1, 11) @ dlogits.view(-1, 7)", r"Here 11 meets 15", LEADS_NOWHERE),
    ("ex02", "col = dc; da = col * b", r"an axis of length 1 last", LEADS_NOWHERE),
    # Products: what was tested of the forward, in its own names.
    ("ex06b", "db = a.T * dc", r"pairs each number with the one in the same place", r"summed away|outer two"),
    ("ex03b", "da = dc @ b", r"Here M meets K", r"those are not the same axis"),
    ("ex03", "da = b @ dc", r"no M, which both factors have", r""),
    ("ex02b", "da = dc.unsqueeze(0) * b.unsqueeze(1)", r"transpose", r"reaches many outputs|[Uu]se `@`|added up"),
    ("ex07", "da = torch.diag(c) * dc", r"", r"matrix product"),
    ("ex03b", "db = torch.einsum('nk,nm->mk', a, dc)", r"Exchange the letters of the result: `->km`", r"stand first"),
    ("ex02b", "da = torch.outer(b, dc)", r"Exchange the two vectors", r"stand first"),
    ("ex06b", "da = dc.T * b.T", r"Leave the `\.T` out", r"stand first"),
    ("ex03b", "da = dc @ b.reshape(7, 3)", r"never turns rows into columns.*Turn `b` over", r"of today"),
    # Axes and sums.
    ("ex02", "db = a.sum(1)", r"Let `sum` run over axis 0 \(N\)", r"copied, or summed, in the forward"),
    ("ex02", "db = a.sum(2)", r"`a` has no axis 2", r"mixes numbers"),
    ("ex05", "dcounts_sum_inv = (counts * dprobs).sum(0)", r"axis 1 \(C\), and keep it", r"copied, or summed"),
    ("ex09b", "da = db.unsqueeze(2).expand(a.shape)", r"position 1", r"reshape keeps every number"),
    ("ex09", "da = db.unsqueeze(0) * torch.ones_like(a)", r"length 1 stands in the wrong place", r"mixes numbers"),
    ("ex09", "db = 2 * a", r"Sum over axis 1 \(C\)", r"was used C times|was copied"),
    ("ex11", "dW2 = h.T @ dlogits.mean(0)", r"The `@` beside it adds up already", r"nothing was copied|belong to different elements"),
    ("ex11", "db2 = dlogits.mean(0)", r"Write `sum` for `mean`\.$", r"1/N|already inside"),
    ("ex12", "dcounts_sum_inv = (counts * dprobs).mean(1, keepdim=True)", r"Write `sum` for `mean`\.$", r"1/N|already inside"),
    ("ex04", "da = dc @ b", r"`@` of two vectors adds all products into one", r"`sum\(\)`"),
    ("ex01", "h = 1e-3; da = ((a + h) @ b - c) / h", r"yours is the sum of all of them", r"`sum\(\)`"),
    ("ex05b", "dgain = torch.einsum('nc,nc', x, dscaled)", r"Name the axes that stay: `->c`", r"`sum\(\)`"),
    ("ex05b", "dgain = (x * dscaled).sum(0).sum(0)", r"Leave the `sum\(0\)` out", r"Ask of one number"),
    ("ex05b", "dgain = (x.sum(0) * dscaled).sum(0)", r"this sum is one too many", r"too many axes"),
    ("ex04", "da = torch.outer(dc, b)", r"each meets the one in its own place", LEADS_NOWHERE),
    ("ex04", "da = dc.unsqueeze(1) * b", r"leave the `\.unsqueeze\(1\)` out", r"give `b` an axis"),
    # Shapes.
    ("ex10", "db = torch.ones(b.shape[0])", r"Give it the axis of length 1", r"summed axis| -= "),
    ("ex05", "dcounts_sum_inv = (counts * dprobs).sum(1)", r"counts_sum_inv - lr \* dcounts_sum_inv` would silently", r" -= "),
    ("ex11b", "db2 = dlogits.sum((0, 1), keepdim=True)", r"2 axes of length 1 more", r"one axis of length 1 more"),
    ("ex02b", "da = dc.expand(5, 3) * b", r"copies along axes of length 1.*`\.unsqueeze\(1\)`", r"reshape keeps every number"),
    ("ex13", "demb = dembcat.view(emb)", r"`emb\.shape` is its shape", r"copies no numbers"),
    ("ex05b", "dx = dscaled @ torch.diag(gain).T[:2]", r"leave the `\[:2\]` out", r"than the forward used"),
    ("ex10", "da = db", r"\(N, 1\) = \(5, 1\), but a is \(N, C\)", r"every element receives"),
    # Lengths of today.
    ("ex03", "dc = torch.ones(5, 7)", r"this 5 is the length N of today.*`torch\.ones_like\(c\)`", r"keepdim|-1"),
    ("ex01", "da = torch.ones(3)", r"[Tt]he shape is written down too", r"^\(3,\), but a is"),
    ("ex01", "da = torch.tensor([b[0], b[1], b[2]])", r"right at the exercise's own sizes, and not at others", r"this 1 is"),
    ("ex10b", "da = F.one_hot(a.argmax(1)) * db", r"largest index of today needs.*`a\.shape\[1\]`", r"\(N, \d\)"),
    ("ex10", "da = F.one_hot(a.argmax(1), 5) * db", r"makes 5 columns here.*a\.shape\[1\]", LEADS_NOWHERE),
    ("ex10", "da = F.one_hot(a.argmax(1), 5) * 3", r"the largest is [56], so it needs [67]", LEADS_NOWHERE),
    # Names.
    ("ex05", "dact = torch.ones(N, C)", r"N is only the name of a size.*`torch\.ones_like\(act\)`", r"backprop-check graph"),
    ("ex11", "dx = torch.ones(N, 3)", r"`x\.shape\[0\]`, which is N", r"named in another place"),
    ("ex05b", "dscaled = dact * torch.sech(scaled)**2", r"`1 / torch\.cosh\(x\)`", r"select|detach"),
    ("ex04", "dc = torch.ln(c) * dd", r"`torch\.log\(x\)`", r"`long`"),
    ("ex07", "da = torch.expo(a) * dc", r"Near it: `exp`\.", r"export"),
    ("ex07", "da = math.exp(a) * dc", r"`math\.exp` takes one number.*`torch\.exp\(", r"Import it"),
    ("ex01", "db = dc * a", r"its gradient is 1", r"Near it"),
    ("ex01", "db = dd * a", r"nothing is called `dd`", r"Near it"),
    ("ex11", "db2 = dlogit.sum(0)", r"Near it: `dlogits`\.", r"`logits`"),
    ("ex01", "db[0] = a[0]", r"Begin above it with `db = torch\.zeros_like\(b\)`", r"Near it"),
    ("ex05", "dprobs = (1 - act**2) * dprobs", r"What arrives from above is called `dact`", r"zeros_like"),
    # Not a tensor, or torch's own errors.
    ("ex01b", "dc = 2", r"No fixed number is right here", r"ones_like|full_like"),
    ("ex02", "dc = 1", r"The number is right.*`torch\.ones_like\(c\)`", r"times the number"),
    ("ex01", "db = (1, 2)", r"Values side by side.*the gradient changes with the inputs", r"[Cc]omma"),
    ("ex01", "db = [a[0], a[1]]", r"Values side by side are no tensor\..*one expression of whole tensors", r"changes with"),
    ("ex00", "db = [2, 2, 2, 2]", r"The number is right.*`torch\.full_like\(b, 2\)`", LEADS_NOWHERE),
    ("ex00", "db = [3, 3, 3, 3]", r"Values side by side", r"is right|changes with"),
    ("ex02", "dc = (1, 1)", r"The number is right.*`torch\.ones_like\(c\)`", r"full_like"),
    ("ex01", "db = a,", r"comma", r""),
    ("ex01b", "da = (2 * c.item() * b).tolist()", r"Leave the tensor a tensor", r"ones_like"),
    ("ex04", "dc = dd.item() / c", r"`dd` is \(N,\) = \(5,\).*write `dd` alone", r"does not belong"),
    ("ex03b", "db = a.t @ dc", r"`a\.t\(\)`", LEADS_NOWHERE),
    ("ex01", "da = b.T()", r"`b\.T` is no method", r"`\*`"),
    ("ex10", "da = a.max(1, keepdim=True) * db", r"`\.values`|\.values`", LEADS_NOWHERE),
    ("ex13", "dC = torch.zeros_like(C).index_add_(0, Xb, demb)", r"index of one axis.*\.reshape\(-1\)", LEADS_NOWHERE),
    ("ex10", "da = torch.zeros_like(a); da[range(5), a.argmax(1)] = db", r"what is written is \(5, 1\), and the places are \(5,\)", LEADS_NOWHERE),
    ("ex11b", "db2 = dlogits.sum(0, 1)", r"`sum\(\(0, 1\)\)`", LEADS_NOWHERE),
    ("ex05", "dprobs = (1 - act ^ 2) * dact", r"`\^` is no power in Python.*two stars", r"leave out what raised it"),
    ("ex08", "da = -torch.inverse(a)**2 * dc", r"inverse of a matrix", LEADS_NOWHERE),
    ("ex04", "dc = torch.log(c, dd)", r"`log` takes 1 argument.*stands outside of the brackets", LEADS_NOWHERE),
    ("ex04", "dc = dd / c.item", r"Leave the `\.item` out", r"`c\.item\(\)`"),
    ("ex13", "dC = torch.zeros_like(C).index_put((Xb), demb, accumulate=True)", r"`\(index,\)`", LEADS_NOWHERE),
    ("ex05", "dcounts_sum_inv = (counts * dprobs).sum(1, keepdim)", r"Write `keepdim=True`", r"backprop-check graph"),
    ("ex06b", "db = a[dc]", r"this index holds values", LEADS_NOWHERE),
    ("ex07", "da == c * dc", r"this compares", r""),
    # Right numbers in another shape; places and pairs for amounts; what a mask lets through.
    ("ex02", "dc = torch.ones(3)", r"The numbers are right: 1 everywhere.*`torch\.ones_like\(c\)`", r"whatever the values"),
    ("ex03", "dc = torch.ones_like(a)", r"c is \(N, M\) = \(5, 7\).*The numbers are right", r"whatever the values"),
    ("ex02", "dc = 2 * torch.ones(3)", r"this is 2 everywhere", r"numbers are right"),
    ("ex03", "da = b.T", r"Yours is \(M, K\)", r"It is \("),
    ("ex10", "db = a.max(1, keepdim=True)", r"pair of tensors.*neither is db", r"torch\.max|Take "),
    ("ex10b", "da = a.sort(1)", r"pair of tensors", r"Take "),
    ("ex10", "da = a.argmax(1)", r"places, not amounts.*yours is \(N,\) = \(5,\).*F\.one_hot\(a\.argmax\(1\)", r"Multiply with"),
    ("ex12", "dlogits = logits.argmax(1)", r"places, not amounts", r"one_hot|Multiply with"),
    ("ex12", "dlogits = (logits > 0).long()", r"Whole numbers", r"Multiply with"),
    ("ex10", "da = (a == a.max()).float() * db", r"too few places.*1 of 35 numbers; the forward passed 5", r"other places|build the mask"),
    ("ex10b", "da = (a > a.mean()) * db", r"too many places", r"other places"),
    ("ex10b", "da = (a == a.min(1, keepdim=True).values) * db", r"other places", r"too (few|many)"),
    ("ex02b", "db = a.sum(0) * dc.sum()", r"sums first.*Give `dc` an axis of length 1, `dc\.unsqueeze\(1\)`", r""),
    # Calls that torch does not take, told with the function's own parameters; and what it refuses for its shapes.
    ("ex19", "dE = torch.zeros_like(E).index_add_(0, demb)", r"nothing stands for `source`.*`demb` for index.*Give it `ix` as well, as its second", r"lacks"),
    ("ex19", "dE = torch.zeros_like(E).index_add_(ix, 0, demb)", r"a whole number as its first argument, and `ix` is a tensor.*Exchange", r"Look at"),
    ("ex19", "dE = torch.zeros_like(E).index_add(dim=0, idx=ix, source=demb)", r"no argument `idx`.*called `index` here", r"too few"),
    ("ex40", "dsmall = torch.where(near, dcost, 0, 0)", r"takes 3 arguments, and was given 4.*Take its third argument, `0`, out", r"multiply with it"),
    ("ex30", "dx = w[0] * F.pad(dy, 0, 2) + w[1] * F.pad(dy, (1, 1)) + w[2] * F.pad(dy, (2, 0))",
     r"whole numbers in brackets.*Put `0` and what follows in brackets of their own: `pad\(dy, \(0, 2\)\)`", r"Look at"),
    ("ex11", "dh = torch.matmul(dlogits)", r"nothing for other.*Give it `W2\.T` as well", r"exchange"),
    ("ex10b", "da = F.one_hot(a.argmax(1), a.shape[1], db)", r"more arguments than it takes.*multiply with it: `\* db`", r"Exchange"),
    ("ex11", "db2 = dlogits.sum(0, dim=0)", r"`dim` twice", r"no argument"),
    ("ex05", "import math; dprobs = (1 - math.tanh(probs)**2) * dact", r"one number, and `probs` is a tensor, \(N, C\).*`torch\.tanh\(probs\)`", r"elements"),
    ("ex20", "dlogp = torch.zeros_like(logp).scatter_add(1, y.unsqueeze(1), dp)", r"`dp` has no axis 1: it is \(N,\)", r"zeros_like\(logp\)` has no"),
    ("ex30", "dx = torch.zeros_like(x); dx[:, :-2] += w[0] * x", r"is \(N, T\) = \(2, 7\), and meets `dx\[:, :-2\]`, \(N, T-2\)", r"stopped"),
    ("ex30", "dw = torch.cat([(x[:, :-2] * dy).sum(), (x[:, 1:-1] * dy).sum(), (x[:, 2:] * dy).sum()])", r"a single number has none.*`torch\.stack` joins", r""),
    ("ex44", "dx = torch.zeros_like(x).index_add_(1, x.shape[1].unfold(0, 3, 2).flatten(), dwindows.flatten(1))", r"take it of the tensor that was meant", r"To multiply"),
    ("ex30", "import math; dw = math.square(w)", r"math has no `square`.*`torch\.square", r"Near it"),
    # Layouts: what is made anew, stacked, expanded or turned.
    ("ex09b", "da = torch.stack([db] * a.shape[1], 2)", r"Let `stack` put its new axis where the forward has it", r"permute\("),
    ("ex12", "dlogits = -(probs > 0.5) * counts", r"`probs > 0\.5` is a mask, and a mask has no minus", r"Negation, the `-` operator.*stopped"),
    # A whole axis in the index that the answer is written at.
    ("ex12", "dlogprobs = torch.zeros_like(logprobs); dlogprobs[:, Y] = -1 / n", r"every row.*`dlogprobs\[range\(n\), Y\] = -1 / n`", r""),
    ("ex12", "dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), :] -= 1 / n", r"every column.*Y\] -= 1 / n`", r"first number"),
    ("ex10b", "i = a.argmax(1); da = torch.zeros_like(a); da[:, i] = db", r"every row.*, i\] = db\.squeeze\(1\)`", r"build the mask"),
]  # fmt: skip

MARKED = [
    ("ex09", "da = 2 * a * torch.ones_like(a)", "wrong-operand", "a", 0),
    # An exercise, the answer, and what the carets mark: the part that the repair changes, of several that read so.
    ("ex12b", "dlogits = probs * dprobs + dprobs * (probs * dprobs).sum(1, keepdim=True)", "wrong-operand", "dprobs", 1),
    ("ex12b", "dlogits = probs * (dprobs + (dprobs * dprobs).sum(1, keepdim=True))", "wrong-operand", "dprobs", 1),
    ("ex12", "dlogprobs = torch.zeros_like(logprobs); dlogprobs[:, Y] = -1 / n", "ignored-index", "dlogprobs[:, Y]", 0),
]


def told(folder: Path, zygote: Zygote, exercise: str, answer: str) -> tuple[Diagnosis, ...]:
    """What is said of the one answer that stands in a fresh copy of the exercise."""
    path = next(EXERCISES.glob(f"{exercise}_*.py"))
    lines = [line.strip() for line in answer.split(";")]
    name = re.split(r"\W", lines[-1], maxsplit=1)[0]
    text, count = re.subn(
        rf"^    {name} = \.\.\..*$", "\n".join("    " + line for line in lines), path.read_text(encoding="utf-8"), flags=re.M
    )
    assert count == 1
    if "F." in answer and "as F" not in text:
        text = text.replace("import torch\n", "import torch\nimport torch.nn.functional as F\n", 1)
    (folder / "mine.py").write_text(text, encoding="utf-8")
    report = check(path, folder / "mine.py", zygote)
    assert report.message is None, report.message
    gradient = next(g for g in report.gradients if g.verdict.target.name == name)
    assert gradient.verdict.status != "correct"
    return gradient.diagnoses


@pytest.mark.table
@pytest.mark.parametrize(("exercise", "answer", "must", "never"), SAID, ids=[f"{e}: {a}" for e, a, _, _ in SAID])
def test_what_is_said_is_so(exercise: str, answer: str, must: str, never: str, tmp_path: Path, zygote: Zygote) -> None:
    found = told(tmp_path, zygote, exercise, answer)
    words = [f"{d.error} | {d.note} | {d.help}" for d in found]
    assert re.search(must, " || ".join(words)), words
    assert all(len(d.also) <= 1 for d in found), "a mistake is shown in two places at most"
    assert not never or not any(re.search(never, part) for d in found for part in (d.error, d.note, d.help)), words


def test_an_endless_loop_is_shown_at_its_own_line(tmp_path: Path, zygote: Zygote) -> None:
    path = next(EXERCISES.glob("ex02b_*.py"))
    lines = ["db = torch.zeros_like(b)", "while True:", "    db = db + a[0]"]
    text = re.sub(r"^    db = \.\.\..*$", "\n".join("    " + line for line in lines), path.read_text(encoding="utf-8"), flags=re.M)
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    report = check(path, tmp_path / "mine.py", zygote, time_limit=1.0)
    span = next(g for g in report.gradients if g.verdict.target.name == "db").diagnoses[0].span
    assert span is not None and span[0] == span[2] and text.split("\n")[span[0] - 1][span[1] : span[3]] == "while True"


@pytest.mark.parametrize(("exercise", "answer", "code", "part", "nth"), MARKED, ids=[f"{row[0]}: {row[1]}" for row in MARKED])
def test_the_caret_marks_what_the_repair_changes(
    exercise: str, answer: str, code: str, part: str, nth: int, tmp_path: Path, zygote: Zygote
) -> None:
    marked = next(d.span for d in told(tmp_path, zygote, exercise, answer) if d.code == code)
    line = "    " + answer.split(";")[-1].strip()
    assert marked is not None
    assert line[marked[1] : marked[3]] == part
    assert marked[1] == [m.start() for m in re.finditer(rf"\b{re.escape(part)}", line)][nth]


def test_no_fix_brings_in_a_number_that_nothing_explains(tmp_path: Path, zygote: Zygote) -> None:
    found = told(tmp_path, zygote, "ex09", "da = b.unsqueeze(0).expand_as(a)")
    assert [d.fix for d in found] == ["torch.ones_like(a) * db.unsqueeze(1)"]
