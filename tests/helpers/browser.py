"""Headless Chromium over its debugging pipe: the standard library is all it takes.

Chromium with ``--remote-debugging-pipe`` reads commands of the DevTools protocol from file
descriptor 3 and writes answers and events to 4, as JSON texts that end in a zero byte.
"""

import json
import os
import select
import shutil
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SECONDS = 30.0


class Browser:
    """One page of a headless browser.

    Attributes:
        events: what the page reported, as (method, parameters).
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._buffer, self._count = b"", 0
        self._session: str | None = None
        self.events: list[tuple[str, dict]] = []

    def call(self, method: str, **parameters: object) -> dict:
        """One command of the protocol and its answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    @property
    def errors(self) -> list[dict]:
        """Everything that a console would show in red, the policy's refusals among it."""
        return [
            parameters
            for method, parameters in self.events
            if method == "Runtime.exceptionThrown"
            or (method == "Runtime.consoleAPICalled" and parameters["type"] == "error")
            or (method == "Log.entryAdded" and parameters["entry"]["level"] == "error")
        ]

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        return [
            parameters["request"]["url"]
            for method, parameters in self.events
            if method == "Network.requestWillBeSent"
        ]

    def open_page(self) -> None:
        """Attach to a new page and listen to its console and network."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def visit(self, file: Path) -> None:
        """Load a file; returns when it is there."""
        self.load(file.resolve().as_uri())

    def load(self, url: str) -> None:
        """Load an address, not just another fragment of the page; returns when it is there."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            self._read()

    def evaluate(self, expression: str, *, wait: bool = False) -> object:
        """The JSON value of a JavaScript expression; of a promise, if it is waited for."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=wait
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def click(self, selector: str, *, along: float = 0.5) -> None:
        """A real click on an element, half-way down and so far along it."""
        x, y = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', inline: 'center'});"
            "const r = e.getBoundingClientRect();"
            f"return [r.x + {along} * r.width, r.y + r.height / 2]; }})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )  # fmt: skip

    def press(self, key: str) -> None:
        """A key on the keyboard: Tab, Enter or an arrow."""
        code, text = {
            "Tab": (9, {}),
            "Enter": (13, {"text": "\r"}),
            "ArrowLeft": (37, {}),
            "ArrowRight": (39, {}),
        }[key]
        self.call(
            "Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text
        )  # fmt: skip
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def emulate(self, *, width: int = 1280, scheme: str = "light", media: str = "") -> None:
        """A screen of that width in CSS pixels, light or dark, or paper."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme_feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme_feature])

    def _read(self) -> dict:
        """The next message; events are kept."""
        limit = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], limit - time.monotonic())
            chunk = os.read(self._answers, 1 << 16) if ready else b""
            if not chunk:
                raise TimeoutError("the browser ended or does not answer")
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(text)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message


@contextmanager
def browser(profile: Path) -> Generator[Browser]:
    """Start Chromium with an empty profile, end it afterwards."""
    assert CHROMIUM is not None
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    flags = (
        "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
        "--disable-background-networking --disable-component-update --remote-debugging-pipe "
        "--hide-scrollbars"
    )
    log = os.open(profile / "chromium.log", os.O_WRONLY | os.O_CREAT, 0o600)
    process = os.posix_spawn(
        CHROMIUM,
        [CHROMIUM, *flags.split(), f"--user-data-dir={profile / 'profile'}", "about:blank"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, commands_out, 3),
            (os.POSIX_SPAWN_DUP2, answers_in, 4),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ],
        setpgroup=0,
    )
    for descriptor in (commands_out, answers_in, log):
        os.close(descriptor)
    try:
        page = Browser(commands_in, answers_out)
        page.open_page()
        yield page
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(commands_in)
        os.close(answers_out)
