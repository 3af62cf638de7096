"""A real Chromium, driven over a pair of pipes: real keys and clicks, light and dark, any width, print, and what it asks the network for."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOUND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", "--hide-scrollbars")
KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, "ArrowDown": 40, "Home": 36, "End": 35, "Tab": 9, "Enter": 13, " ": 32}
PATIENCE = 120.0


class Page:
    """One tab. `asked` are the addresses it wanted, `wrong` what it complained of."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing, self.got, self.sent = reading, writing, b"", 0
        self.session: str | None = None
        self.asked: list[str] = []
        self.wrong: list[str] = []
        tab = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": params, **({"sessionId": self.session} if self.session else {})}
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self.sent:
            self._note(answer)
        assert "error" not in answer, (method, answer["error"])
        told: dict[str, Any] = answer["result"]
        return told

    def show(self, path: Path, width: int = 1200, height: int = 900, dark: bool = False, media: str = "", script: bool = True) -> None:
        """Open a file, and wait until it is there."""
        self.asked, self.wrong = [], []
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=path.as_uri())
        end = time.monotonic() + PATIENCE
        while self.value("document.readyState + ' ' + location.href") != f"complete {path.as_uri()}":
            assert time.monotonic() < end, f"{path} does not load"
            time.sleep(0.02)

    @contextmanager
    def within(self) -> Iterator[None]:
        """Look into the page's only frame, which has a process of its own."""
        own, self.session = self.session, None
        (frame,) = (target for target in self.call("Target.getTargets")["targetInfos"] if target["url"] == "about:srcdoc")
        self.session = self.call("Target.attachToTarget", targetId=frame["targetId"], flatten=True)["sessionId"]
        try:
            yield
        finally:
            self.session = own

    def value(self, script: str) -> Any:
        """What an expression is in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, *keys: str) -> None:
        for key in keys:
            about = {
                "key": key,
                "windowsVirtualKeyCode": KEYS[key],
                **({"text": " "} if key == " " else {"text": "\r"} if key == "Enter" else {}),
            }
            self.call("Input.dispatchKeyEvent", type="keyDown", **about)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=KEYS[key])

    def click(self, selector: str) -> None:
        box = self.value(f"(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector({selector!r}).getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def picture(self, whole: bool = False) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def _next(self) -> Mapping[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.got:
            assert select.select([self.reading], [], [], max(0.0, end - time.monotonic()))[0], "chromium says nothing"
            part = os.read(self.reading, 1 << 16)
            assert part, "chromium has ended"
            self.got += part
        message, _, self.got = self.got.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told

    def _note(self, event: Mapping[str, Any]) -> None:
        if event.get("method") == "Network.requestWillBeSent":
            self.asked.append(event["params"]["request"]["url"])
        elif event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.wrong.append(json.dumps(event["params"]))


@contextmanager
def opened(folder: Path) -> Iterator[Page]:
    """Start a Chromium whose profile is in `folder`, and end it."""
    assert FOUND
    (its_in, our_out), (our_in, its_out) = os.pipe(), os.pipe()
    low, high = fcntl.fcntl(its_in, fcntl.F_DUPFD, 10), fcntl.fcntl(its_out, fcntl.F_DUPFD, 10)  # 3 and 4 are to be theirs
    actions = [(os.POSIX_SPAWN_DUP2, low, 3), (os.POSIX_SPAWN_DUP2, high, 4)]
    actions += [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_WRONLY, 0) for n in (1, 2)]
    process = os.posix_spawn(
        FOUND, [FOUND, *OPTIONS, f"--user-data-dir={folder}"], {**os.environ, "TMPDIR": str(folder)}, file_actions=actions, setpgroup=0
    )
    for descriptor in (its_in, its_out, low, high):
        os.close(descriptor)
    try:
        yield Page(our_in, our_out)
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(our_in)
        os.close(our_out)
