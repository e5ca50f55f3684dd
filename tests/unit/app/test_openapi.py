"""schemathesis checks a running server against its OpenAPI document."""

import json
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.slow

EXAMPLES = 2000


@pytest.fixture(scope="module")
def document(running: Any) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/openapi.json", timeout=10) as response:
        content: dict[str, Any] = json.load(response)
    return content


def test_the_server_answers_as_documented(running: Any, tmp_path: Path) -> None:
    """No 5xx, no undocumented status, header or body; what a schema forbids is refused, the rest accepted."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", Path(__file__).with_name("schemathesis.toml")),
            *("run", f"http://127.0.0.1:{running.port}/openapi.json"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "200"),
            *("--generation-deterministic", "--no-color"),
        ],
        cwd=tmp_path,  # its reports of failures
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    generated, passed = map(int, re.findall(r"(\d+) generated, (\d+) passed", done.stdout)[0])
    assert passed == generated >= EXAMPLES, "the test has shrunk"
    statuses = Counter(re.findall(r'"status":(\d+)', running.log.read_text()))
    assert statuses["200"] > EXAMPLES / 4, "most examples were refused"
    assert statuses["400"] and statuses["404"] and statuses["415"] and statuses["422"]
    assert not [status for status in statuses if status.startswith("5")]


def test_every_route_is_in_the_document_and_nothing_else(
    document: dict[str, Any], make_client: Callable[..., FlaskClient]
) -> None:
    rules = make_client().application.url_map.iter_rules()
    served = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in rules
        for method in rule.methods or ()
        if method != "HEAD"  # HTTP requires it for every GET
    }
    assert served == {(path, method) for path, item in document["paths"].items() for method in item}


def test_limits_are_in_the_document(document: dict[str, Any]) -> None:
    for number in ("65536 bytes", "2 seconds", "8 texts", "5000 characters"):
        assert number in document["info"]["description"]
    schemas = document["components"]["schemas"]
    _, several = schemas["PredictionRequest"]["oneOf"]
    assert schemas["Text"]["maxLength"] == 5000
    assert several["properties"]["texts"]["maxItems"] == 8
    assert schemas["ExplanationRequest"]["properties"]["text"]["allOf"][1] == {"maxLength": 5000}


def test_the_pattern_of_white_space_is_that_of_the_server(document: dict[str, Any]) -> None:
    allowed = re.compile(document["components"]["schemas"]["Text"]["pattern"])
    assert all(chr(code).isspace() != bool(allowed.match(chr(code))) for code in range(sys.maxunicode + 1))


def test_a_schema_with_properties_requires_them(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["Token"]["required"] == ["text", "start", "end", "contribution"]
    assert schemas["V2Request"]["required"] == ["inputs"]


def test_every_response_documents_the_request_id(document: dict[str, Any]) -> None:
    responses = [
        response
        for item in document["paths"].values()
        for operation in item.values()
        for response in operation["responses"].values()
    ]
    assert len(responses) > len(document["paths"])
    assert all("X-Request-ID" in response["headers"] for response in responses)
