"""The page to try the model, in a browser with its Content-Security-Policy."""

import base64
import hashlib
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"),
]


def test_only_its_own_style_and_script_may_run(running: Any) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/", timeout=10) as response:
        page, policy = response.read(), response.headers["Content-Security-Policy"]
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for element in (b"style", b"script"):
        (content,) = re.findall(b"<%s>(.*?)</%s>" % (element, element), page, re.DOTALL)
        allowed = base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert f"{element.decode()}-src 'sha256-{allowed}'" in policy
    assert b"http://" not in page
    assert b"https://" not in page


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "🎬 A delightful film. I loved it.",
            ['id="revision" title="', '<mark class="for"', ">delightful</mark>", "for positive", "%</meter>"],
        ),
        ("<b>tedious</b> & lifeless", ["negative", "&lt;b&gt;<mark", "/b&gt;"]),
        (" \n", ["The review is empty."]),
        ("a" * 5001, ["has 5001 characters; at most 5000", "(Request "]),
    ],
)
def test_the_page_shows_the_prediction_and_the_contributing_words(
    running: Any, tmp_path: Path, text: str, parts: list[str]
) -> None:
    address = f"http://127.0.0.1:{running.port}/#{urllib.parse.urlencode({'text': text})}"
    browser = [
        CHROMIUM,
        *QUIET,
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=5000",
        "--dump-dom",
        address,
    ]
    done = subprocess.run(browser, capture_output=True, text=True, timeout=60, check=True)
    for part in parts:
        assert part in done.stdout, done.stdout[-4000:]
    errors = [line for line in done.stderr.splitlines() if "Security Policy" in line or "Uncaught" in line]
    assert errors == []
