"""The HTML of a check in a browser: what a reader sees, click by click, on a light and on a dark ground."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from backprop_check.cli.asked import Asked
from backprop_check.notebook.session import Session
from backprop_check.notebook.shown import Shown
from backprop_check.submission.cells import cell

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

CELL = """%%backward ex05
dact = torch.ones_like(act)
dprobs = (1 - act**2) * dact + 3 * (act == act[2, 1])
dcounts = counts_sum_inv * "<b>no</b>"
dcounts_sum_inv = (counts * dprobs).sum(1)
"""

# What front ends show below and as text: any on white, JupyterLab's dark theme, VS Code's, Colab's.
GROUNDS = {
    "light": ("#ffffff", "#212121"),
    "jupyterlab": ("#111111", "#dedede"),
    "code": ("#1e1e1e", "#cccccc"),
    "colab": ("#383838", "#d5d5d5"),
}

# Only the test's page has a script: it reads what is visible, clicks, and reads again.
DRIVE = """
const seen = {before: document.body.innerText};
const clicks = [...document.querySelectorAll("details")].filter(d => d.parentElement.closest("details") === null);
let one = clicks[0]; seen.steps = [];
while (one) {
  one.querySelector("summary").click();
  seen.steps.push(document.body.innerText);
  one = one.querySelector("details");
}
const parse = c => { const n = c.match(/[\\d.]+/g).map(Number); return n.length === 4 ? n : [...n, 1]; };
const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
const light = c => { const l = c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                     return .2126 * l[0] + .7152 * l[1] + .0722 * l[2]; };
const faded = e => e === null ? 1 : Number(getComputedStyle(e).opacity) * faded(e.parentElement);
const ink = e => { const c = parse(getComputedStyle(e).color); return [c[0], c[1], c[2], c[3] * faded(e)]; };
const ground = e => e === null ? [255, 255, 255] : over(parse(getComputedStyle(e).backgroundColor), ground(e.parentElement));
seen.contrast = [...document.querySelectorAll("body *:not(script)")]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .map(e => { const g = ground(e), t = over(ink(e), g), a = light(g), b = light(t);
              return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.textContent.trim().slice(0, 40)]; })
  .sort((a, b) => a[0] - b[0])[0];
const cells = [...document.querySelectorAll("td[title]")];
seen.squares = cells.map(c => [c.innerText, c.title, getComputedStyle(c).backgroundColor]);
seen.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
document.body.innerHTML = "<pre id=seen></pre>";
document.getElementById("seen").textContent = JSON.stringify(seen);
"""


@pytest.fixture(scope="module")
def fragment() -> str:
    session = Session()
    try:
        question: Asked = session.asked("ex05")
        return Shown(session.check(question, cell("cell [1]", CELL), []), question)._repr_html_()
    finally:
        session.close()


@pytest.fixture(scope="module", params=GROUNDS)
def seen(fragment: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed to show the page")
    ground, ink = GROUNDS[request.param]
    path = tmp_path_factory.mktemp("page") / "page.html"
    body = f"<body style='background: {ground}; color: {ink}; font-family: sans-serif'>{fragment}<script>{DRIVE}</script>"
    path.write_text(f"<!doctype html><meta charset=utf-8>{body}", encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={path.parent}", "--window-size=1000,800"]
    run = subprocess.run([*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="seen">(.*)</pre>', run.stdout, re.DOTALL)
    assert found, run.stdout[-2000:] + run.stderr[-2000:]
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


def test_a_reader_sees_verdicts_lines_and_shapes(seen: dict[str, Any]) -> None:
    lines = [line.strip() for line in seen["before"].splitlines()]
    for due in (
        "✓ dact (N, C) = (7, 3) right cell [1]:2",
        "✗ dprobs (N, C) = (7, 3) not right yet cell [1]:3",
        "! dcounts (N, C) = (7, 3) stopped with an error cell [1]:4",
        '4 │ dcounts = counts_sum_inv * "<b>no</b>"',
        "✗ dcounts_sum_inv (N, 1) = (7, 1) not right yet cell [1]:5",
        "5 │ dcounts_sum_inv = (counts * dprobs).sum(1)",
        "help: Keep the summed axis, with length 1.",
        "1 of 4 gradients right · next: dprobs",
    ):
        assert due in lines, seen["before"]
    assert "yours: (N,) = (7,)" in seen["before"] and "what counts_sum_inv has: (N, 1) = (7, 1)" in seen["before"]


def test_hints_come_click_by_click(seen: dict[str, Any]) -> None:
    steps = [seen["before"], *seen["steps"]]
    assert len(steps) == 5
    told = [("The forward uses it here", 1), ("   - ", 2), ("In numbers", 3), ("-> dprobs (N, C)", 4)]
    assert [(text, next(n for n, step in enumerate(steps) if text in step)) for text, _ in told] == told
    assert "A clearer one (2 of 4)" not in steps[0] and "A clearer one (2 of 4)" in steps[1]


def test_the_one_wrong_number_is_the_one_that_glows(seen: dict[str, Any]) -> None:
    glowing = [(text, title) for text, title, _ in seen["squares"] if text != "·"]
    assert glowing == [("3", "[2, 1]: off by 3")]
    assert len(seen["squares"]) == 7 * 3
    assert len({colour for _, _, colour in seen["squares"]}) == 2
    assert "1 of 21 numbers, most at dprobs[2, 1]: yours " in seen["before"]


def test_all_text_can_be_read_and_nothing_is_cut(seen: dict[str, Any]) -> None:
    contrast, text = seen["contrast"]
    assert contrast >= 4.5, f"{text!r} stands out by {contrast:.1f} to 1 only"
    assert not seen["wide"]
