"""A headless Chromium and its pages, over the DevTools protocol."""

import base64
import itertools
import json
import os
import pathlib
import subprocess
import time

from websockets.sync.client import connect

OPTIONS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--hide-scrollbars",
)
PATIENCE = 30

# What the browser calls them: name, code, and the number of old.
KEYS = {
    "Tab": ("Tab", "Tab", 9),
    "Enter": ("Enter", "Enter", 13),
    "Escape": ("Escape", "Escape", 27),
    "Space": (" ", "Space", 32),
    "End": ("End", "End", 35),
    "Home": ("Home", "Home", 36),
    "ArrowDown": ("ArrowDown", "ArrowDown", 40),
    "F8": ("F8", "F8", 119),
    "a": ("a", "KeyA", 65),
}
# Bits of `modifiers`.
CONTROL, SHIFT = 2, 8


class Chromium:
    """One browser with a profile of its own."""

    def __init__(self, program: pathlib.Path, profile: pathlib.Path) -> None:
        # As root there is no sandbox to be had; what it opens are pages of ours.
        options = [*OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={profile}"]
        self.log = (profile.parent / "chromium.log").open("w")
        self.process = subprocess.Popen(
            [program, *options, "about:blank"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        port, path = self.address(profile / "DevToolsActivePort")
        self.socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=None)
        self.numbers = itertools.count(1)
        self.pages: dict[str, Page] = {}

    def address(self, file: pathlib.Path) -> tuple[str, str]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            lines = file.read_text().split("\n") if file.exists() else []
            if len(lines) >= 2:
                return lines[0], lines[1]
            time.sleep(0.05)
        raise RuntimeError(f"Chromium does not start; see {self.log.name}")

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def call(self, method: str, session: str | None = None, **params: object) -> dict:
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self.socket.send(json.dumps(message))
        while True:
            heard = json.loads(self.socket.recv(PATIENCE))
            if heard.get("id") == number:
                assert "error" not in heard, f"{method}: {heard['error']}"
                return heard["result"]
            self.hear(heard)

    def hear(self, heard: dict) -> None:
        page = self.pages.get(heard.get("sessionId", ""))
        if page and "method" in heard:
            page.events.append((heard["method"], heard["params"]))

    def page(self, width: int = 1280, height: int = 900, dark: bool = False) -> "Page":
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, context)
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        page.prefer(dark)
        return page


class Page:
    """A tab with a profile of its own, so that no test sees what another has stored."""

    def __init__(self, browser: Chromium, session: str, context: str) -> None:
        self.browser, self.session, self.context = browser, session, context
        self.events: list[tuple[str, dict]] = []

    def call(self, method: str, **params: object) -> dict:
        return self.browser.call(method, self.session, **params)

    def close(self) -> None:
        self.browser.pages.pop(self.session)
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def prefer(self, dark: bool) -> None:
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def open(self, address: str) -> None:
        # A page that differs in its fragment alone would not be loaded again.
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)

    def evaluate(self, script: str) -> object:
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, f"{script}: {done['exceptionDetails']}"
        return done["result"].get("value")

    def wait(self, script: str, seconds: float = PATIENCE) -> object:
        """Until the script is true; comes back with what it is. Of an element nothing is said but that it is there."""
        script = f"((value) => (value instanceof Node ? true : value))({script})"
        deadline = time.monotonic() + seconds
        while not (value := self.evaluate(script)):
            assert time.monotonic() < deadline, f"never true: {script}\nthe page says: {self.text('body')[:3000]}"
            time.sleep(0.05)
        return value

    def text(self, selector: str) -> str:
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def element(self, number: int) -> tuple[str, int]:
        """How an element begins, and whether a Tab gets to it: 0, or -1 if none does."""
        found = self.call("DOM.resolveNode", backendNodeId=number)["object"]["objectId"]
        asked = "function () { return [this.outerHTML?.slice(0, 100) ?? '', this.tabIndex ?? -1]; }"
        done = self.call("Runtime.callFunctionOn", objectId=found, functionDeclaration=asked, returnByValue=True)
        return tuple(done["result"]["value"])

    def insert(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def press(self, key: str, modifiers: int = 0) -> None:
        name, code, number = KEYS[key]
        about = {"key": name, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        # A letter is typed, and a line ends, only where the key comes with its text.
        text = {"Enter": "\r", "Space": " "}.get(key) if not modifiers else None
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def point(self, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, file: pathlib.Path) -> None:
        size = self.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        image = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(image["data"]))

    def requests(self) -> list[str]:
        """All that was asked for, but for what the page has in itself."""
        asked = [params["request"]["url"] for method, params in self.events if method == "Network.requestWillBeSent"]
        return [address for address in asked if not address.startswith(("blob:", "data:", "about:"))]

    def complaints(self) -> list[str]:
        """What went wrong without anybody seeing it: exceptions, and what the browser logs."""
        thrown = [json.dumps(params) for method, params in self.events if method == "Runtime.exceptionThrown"]
        logged = [json.dumps(params["entry"]) for method, params in self.events if method == "Log.entryAdded"]
        return thrown + logged
