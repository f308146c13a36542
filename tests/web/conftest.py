"""A release folder, served, and a browser to look at it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mutirao.web.server import make_server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="session")
def fabricate() -> ModuleType:
    """Load the maker of small releases; tests are not a package, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location("fabricate", Path(__file__).with_name("fabricate.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Give a folder that is served, and its address."""
    root = tmp_path_factory.mktemp("site")
    with make_server(root) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def release_folder(site: tuple[Path, str], demo: Any) -> Path:
    """Give the release that the page shows: the newest one of the demonstration, with the one before beside it."""
    product = site[0] / "banat"
    shutil.copytree(demo.project.releases / "banat", product)
    return product / demo.result.releases[-1].folder.name


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start the browser that the system has; nothing is ever downloaded."""
    playwright = pytest.importorskip("playwright.sync_api")
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is on PATH")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield started
        started.close()
