"""The page of a forward in a real browser: keys, clicks, light, dark, narrow, print, without scripts, and in a notebook's frame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import FOUND, Page, opened

from backprop_check.cli.main import main
from backprop_check.notebook.pictured import displayed
from backprop_check.notebook.session import Session

pytestmark = pytest.mark.skipif(FOUND is None, reason="no chromium is installed to show the page")

SHOWN = ("ex05", "ex12", "ex13")

NOW = """({
  step: document.querySelector(".where").textContent,
  node: document.querySelector(".node.now .name")?.textContent ?? null,
  from: [...document.querySelectorAll(".node.from .name")].map(e => e.textContent),
  edges: [...document.querySelectorAll(".edge.now title")].map(e => e.textContent),
  said: [...document.querySelectorAll(".steps > li")].filter(e => e.checkVisibility()).map(e => e.querySelector("h2").innerText),
  seen: (r => r && r.top >= 0 && r.bottom <= innerHeight)(document.querySelector(".node.now")?.getBoundingClientRect()),
  address: location.hash,
})"""

# Texts that touch one another, and texts that leave their box; in a drawing every number counts.
OVERLAPS = """(() => {
  const found = [], boxes = [...document.querySelectorAll(".graph .node")];
  const inner = (a, b) => a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
  const texts = [...document.querySelectorAll("svg text")].filter(e => e.checkVisibility())
    .map(e => [e.getBoundingClientRect(), e.textContent, e.closest("svg")]);
  texts.forEach(([a, one, here], i) => texts.slice(i + 1).forEach(([b, other, there]) => {
    if (here === there && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4) found.push(one + " / " + other);
  }));
  for (const node of boxes) for (const text of node.querySelectorAll("text"))
    if (!inner(text.getBoundingClientRect(), node.querySelector("rect").getBoundingClientRect())) found.push("out: " + text.textContent);
  for (const svg of document.querySelectorAll("svg.copied")) for (const text of svg.querySelectorAll("text"))
    if (svg.checkVisibility() && !inner(text.getBoundingClientRect(), svg.getBoundingClientRect())) found.push("out: " + text.textContent);
  return found;
})()"""

CONTRAST = """(() => {
  const parse = c => { const n = (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number); return n.length === 4 ? n : [...n, 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
  const light = c => { const l = c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                       return .2126 * l[0] + .7152 * l[1] + .0722 * l[2]; };
  const ground = e => e === null ? [255, 255, 255] : over(parse(getComputedStyle(e).backgroundColor), ground(e.parentElement));
  const under = e => { const box = e.closest(".node")?.querySelector("rect"); return box ? over(parse(getComputedStyle(box).fill), [0, 0, 0]) : ground(e); };
  return [...document.querySelectorAll("body *:not(script, title)")]
    .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => { const g = under(e), a = light(g), b = light(over(parse(e.closest("svg") ? getComputedStyle(e).fill : getComputedStyle(e).color), g));
                return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.textContent.trim().slice(0, 40)]; })
    .sort((a, b) => a[0] - b[0])[0];
})()"""

WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page of each exercise, verdicts of all four kinds in one of them."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        assert main(["init", str(folder / "course")]) == 0
        patch.chdir(folder / "course")
        store = folder / "course" / ".backprop-check"
        store.mkdir()
        targets = '{"dact": "correct", "dprobs": "incorrect", "dcounts": "error"}'
        store.joinpath("progress.json").write_text(f'{{"version": 1, "exercises": {{"ex05": {{"passed": false, "targets": {targets}}}}}}}')
        for name in SHOWN:
            assert main(["graph", name, "--html", str(folder / f"{name}.html")]) == 0
        frame = displayed(Session().asked("ex05"))._repr_html_()
    (folder / "notebook.html").write_text(f"<!doctype html><meta charset=utf-8><body>{frame}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def now(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = page.value(NOW)
    return told


def test_keys_go_back_step_by_step(pages: Path, page: Page) -> None:
    page.show(pages / "ex05.html")
    assert (now(page)["step"], now(page)["said"]) == ("5 steps back", [])
    seen = []
    for key in ("ArrowRight", "ArrowDown", " "):
        page.press(key)
        seen.append((now(page)["step"], now(page)["node"], now(page)["from"], now(page)["edges"]))
    assert seen == [
        ("step 1 of 5", "s", [], []),
        ("step 2 of 5", "act", ["s"], ["act is used by s"]),
        ("step 3 of 5", "probs", ["act"], ["probs is used by act"]),
    ]
    assert now(page)["said"] == ["3. dprobs (N, C)"] and now(page)["address"] == "#step-3"
    for key, step in (("End", 5), ("ArrowRight", 5), ("ArrowLeft", 4), ("ArrowUp", 3), ("Home", 0), ("ArrowLeft", 0)):
        page.press(key)
        assert now(page)["step"] == (f"step {step} of 5" if step else "5 steps back"), key
    assert page.asked == [page.value("location.href")] and page.wrong == []


def test_clicks_and_buttons(pages: Path, page: Page) -> None:
    page.show(pages / "ex12.html")
    page.click("a[href='#step-6'] rect")
    assert (now(page)["node"], now(page)["from"]) == ("counts", ["counts_sum", "probs"])
    assert now(page)["edges"] == ["counts is used by counts_sum", "counts is used by probs"]
    page.click(".keys button:last-of-type")
    assert now(page)["node"] == "logits" and page.value("document.querySelectorAll('.keys button')[1].disabled")
    page.click(".keys button")
    assert now(page)["node"] == "counts"
    page.press(" ")  # on the button it is the button's
    assert now(page)["node"] == "counts_sum"


def test_the_tab_key_shows_where_it_is_and_enter_goes_there(pages: Path, page: Page) -> None:
    page.show(pages / "ex05.html")
    page.press("Tab", "Tab")
    focus = page.value(
        "[document.activeElement.getAttribute('href'), getComputedStyle(document.activeElement.querySelector('.box')).strokeWidth]"
    )
    assert focus == ["#step-4", "4px"]
    page.press("Enter")
    assert now(page)["node"] == "counts"
    page.value("document.querySelectorAll('.keys button')[1].focus()")
    assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize(("width", "height"), [(1200, 900), (500, 560)])
def test_the_node_of_the_step_is_in_sight_and_nothing_overlaps(pages: Path, page: Page, width: int, height: int) -> None:
    page.show(pages / "ex13.html", width, height)
    assert page.value(OVERLAPS) == [] and not page.value(WIDE)
    for step in range(1, 28):
        page.press("ArrowRight")
        assert now(page)["seen"], (step, now(page))
        if width == 500:
            above = "document.querySelector('.node.now').getBoundingClientRect().bottom - document.querySelector('.flow').getBoundingClientRect().top"
            assert page.value(above) <= 0, step
        if step % 5 == 4:
            assert page.value(OVERLAPS) == []
    assert now(page)["node"] == "C" and not page.value(WIDE)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("media", ["", "print"])
def test_all_text_can_be_read(pages: Path, page: Page, dark: bool, media: str) -> None:
    for step in (0, 3, 5):
        page.show(pages / "ex05.html", dark=dark, media=media)
        page.press(*["ArrowRight"] * step)
        contrast, text = page.value(CONTRAST)
        assert contrast >= 4.5, f"{text!r} stands out by {contrast:.1f} to 1 only, at step {step}"
    dark_ground = page.value("getComputedStyle(document.body).backgroundColor") == "rgb(23, 25, 28)"
    assert dark_ground is (dark and not media)


@pytest.mark.parametrize(("media", "script"), [("print", True), ("", False), ("print", False)])
def test_printed_and_without_scripts_all_is_there_and_no_button(pages: Path, page: Page, media: str, script: bool) -> None:
    page.show(pages / "ex12.html", media=media, script=script)
    told = now(page)
    assert told["said"] == [f"{i}. d{n}" for i, n in enumerate(STEPS, 1)]
    assert page.value("[...document.querySelectorAll('button')].every(e => !e.checkVisibility())")
    assert page.value("document.querySelectorAll('.node').length") == 8
    assert page.value(OVERLAPS) == []
    printed = page.value("[...document.querySelectorAll('.sheets svg')].map(e => e.getBoundingClientRect().height)")
    assert len(printed) == 2 and all(bool(height) is (media == "print") for height in printed)


STEPS = ("loss ()", "logprobs (N, C)", "probs (N, C)", "counts_sum_inv (N, 1)", "counts_sum (N, 1)", "counts (N, C)", "logits (N, C)")


def test_in_a_notebook_it_has_keys_of_its_own(pages: Path, page: Page) -> None:
    page.show(pages / "notebook.html")
    for _ in range(100):  # the frame is another process, which may not be there yet
        page.click("iframe")
        page.press("End")
        with page.within():
            told = now(page)
        if told["node"] == "counts_sum_inv":
            break
        time.sleep(0.1)
    assert (told["step"], told["node"]) == ("step 5 of 5", "counts_sum_inv") and page.wrong == []
