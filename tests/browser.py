"""A headless Chromium, driven through its DevTools pipe: no network, no driver, no dependency."""

from __future__ import annotations

import json
import os
import select
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from tests.lab import need_tool

#: Seconds in which the browser answers, on a busy machine too.
PATIENCE = 60

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


class Tab:
    """A page in a tab of its own, and all that it complained of or asked for."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self.session = session
        #: What stands in the console, exceptions and policy violations among it.
        self.console: list[str] = []
        #: The addresses that were asked for, that of the page first.
        self.requests: list[str] = []
        self.loaded = False

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One DevTools command to this tab."""
        return self._browser.call(method, self.session, **params)

    def open(self, path: Path, width: int = 1440, *, height: int = 900, dark: bool = False) -> Self:
        """Load a file as a window of that many pixels shows it, and wait until it stands."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.as_uri())
        self._browser.wait(lambda: self.loaded)
        return self

    def close(self) -> None:
        """Close the tab."""
        self.call("Page.close")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON has it; raises when it throws."""
        said = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in said:
            raise AssertionError(said["exceptionDetails"])
        return said["result"].get("value")

    def click(self, selector: str) -> None:
        """Press the mouse on the middle of the first such element."""
        quoted = json.dumps(selector)
        x, y = self.evaluate(
            f"(() => {{ const it = document.querySelector({quoted});"
            "it.scrollIntoView({block: 'center'}); const box = it.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press and release a key, where the focus is."""
        code = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **more,
            )

    def pdf(self) -> bytes:
        """The page as it prints."""
        return b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def heard(self, method: str, params: dict[str, Any]) -> None:
        """Something happened in the tab."""
        match method:
            case "Page.loadEventFired":
                self.loaded = True
            case "Runtime.consoleAPICalled":
                self.console.append(f"{params['type']}: {params['args']}")
            case "Runtime.exceptionThrown":
                self.console.append(str(params["exceptionDetails"]))
            case "Log.entryAdded":
                self.console.append(f"{params['entry']['level']}: {params['entry']['text']}")
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])


class Browser:
    """The process, and the pipe to it."""

    def __init__(self, to: int, back: int) -> None:
        self._to = to
        self._back = back
        self._buffer = b""
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._tabs: dict[str, Tab] = {}

    def tab(self) -> Tab:
        """A new, empty tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        said = self.call("Target.attachToTarget", targetId=target, flatten=True)
        tab = self._tabs[said["sessionId"]] = Tab(self, said["sessionId"])
        return tab

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """One DevTools command and its answer; raises when the browser refuses it."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        sent = json.dumps(message).encode() + b"\0"
        while sent:
            sent = sent[os.write(self._to, sent) :]
        self.wait(lambda: number in self._answers)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, ready: Any) -> None:
        """Take in messages until `ready()`."""
        while not ready():
            while b"\0" not in self._buffer:
                if not select.select([self._back], [], [], PATIENCE)[0]:
                    raise AssertionError(f"the browser said nothing for {PATIENCE} s")
                octets = os.read(self._back, 0x100000)
                if not octets:
                    raise AssertionError("the browser has ended")
                self._buffer += octets
            text, _, self._buffer = self._buffer.partition(b"\0")
            self._take(json.loads(text))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
        elif tab := self._tabs.get(message.get("sessionId", "")):
            tab.heard(message["method"], message["params"])


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own; both are gone at the end."""
    need_tool("chromium", "bash")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        from_us, to = os.pipe()
        back, from_it = os.pipe()
        # The pipe is its descriptors 3 and 4.
        command = ["bash", "-c", f'exec "$@" 3<&{from_us} 4>&{from_it}', "bash", "chromium"]
        process = subprocess.Popen(
            [*command, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(from_us, from_it),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(from_us)
        os.close(from_it)
        try:
            it = Browser(to, back)
            yield it
            it.call("Browser.close")
        finally:
            os.close(to)
            os.close(back)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
