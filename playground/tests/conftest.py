"""A browser for all tests, a server with what was built, and a page for each test."""

import threading
from collections.abc import Callable, Iterator

import pytest

import playground_chromium
import playground_serve
from chromium import Chromium, Page


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = playground_chromium.installed()
    if not program:
        pytest.skip("there is no Chromium in .tools: `make playground-setup` brings it")
    browser = Chromium(program, tmp_path_factory.mktemp("chromium") / "profile")
    yield browser
    browser.close()


class Asked(list):
    """The paths that the server was asked for."""


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[str, Asked]]:
    """Where the playground is, and what was asked of its server."""
    assert (playground_serve.FOLDER / "index.html").is_file(), "`make playground-build` builds what is tested here"
    asked = Asked()
    server = playground_serve.server(heard=asked.append)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_page(browser: Chromium, served: tuple[str, Asked]) -> Iterator[Callable[..., Page]]:
    pages = []

    def opened(fragment: str = "", **how: object) -> Page:
        page = browser.page(**how)
        pages.append(page)
        page.open(served[0] + fragment)
        page.wait("document.querySelector('#headline')?.textContent && document.querySelector('#verdict').textContent")
        return page

    yield opened
    for page in pages:
        page.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()
