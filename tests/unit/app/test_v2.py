"""The Open Inference Protocol: https://github.com/kserve/open-inference-protocol."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from flask.testing import FlaskClient
from server_process import Server
from tritonclient.utils import InferenceServerException
from werkzeug.test import TestResponse

GOOD = "A delightful film. I loved it and laughed all the way home."
BAD = "What a tedious, lifeless mess. I want my money back."


@pytest.fixture(scope="module")
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client("reviews", texts=4, text_characters=1000)


def tensor(**changes: Any) -> dict[str, Any]:
    return {"name": "text", "datatype": "BYTES", "shape": [2], "data": [GOOD, BAD], **changes}


def infer(client: FlaskClient, content: Any, model: str = "reviews") -> TestResponse:
    return client.post(f"/v2/models/{model}/infer", json=content)


def test_health_and_metadata(client: FlaskClient) -> None:
    assert client.get("/v2/health/live").get_json() == {"live": True}
    assert client.get("/v2/health/ready").get_json() == {"ready": True}
    assert client.get("/v2/models/reviews/ready").get_json() == {"name": "reviews", "ready": True}
    server = client.get("/v2").get_json()
    assert (server["name"], server["extensions"]) == ("ml-workshop", [])
    model = client.get("/v2/models/reviews").get_json()
    assert model["name"] == "reviews"
    assert model["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert [output["name"] for output in model["outputs"]] == ["prediction", "label", "probability"]


def test_a_batch_has_the_predictions_of_predict(client: FlaskClient) -> None:
    own = client.post("/predict", json={"texts": [GOOD, BAD]}).get_json()
    answer = infer(client, {"id": "42", "inputs": [tensor()]}).get_json()
    assert answer == {
        "model_name": "reviews",
        "id": "42",
        "parameters": {"model_revision": own[0]["model_revision"]},
        "outputs": [
            {"name": "prediction", "datatype": "INT64", "shape": [2], "data": [1, 0]},
            {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["positive", "negative"]},
            {
                "name": "probability",
                "datatype": "FP64",
                "shape": [2],
                "data": [o["probability"] for o in own],
            },
        ],
    }


def test_a_column_of_texts_may_be_flat_or_nested(client: FlaskClient) -> None:
    expected = infer(client, {"inputs": [tensor()]}).get_json()
    assert "id" not in expected
    assert infer(client, {"inputs": [tensor(shape=[2, 1])]}).get_json() == expected
    assert infer(client, {"inputs": [tensor(shape=[2, 1], data=[[GOOD], [BAD]])]}).get_json() == expected


def test_only_the_requested_outputs_are_returned(client: FlaskClient) -> None:
    def names(outputs: list[dict[str, str]]) -> list[str]:
        answer = infer(client, {"inputs": [tensor()], "outputs": outputs}).get_json()
        return [output["name"] for output in answer["outputs"]]

    assert names([{"name": "label"}]) == ["label"]
    assert names([{"name": "probability"}, {"name": "prediction"}]) == ["probability", "prediction"]
    assert names([]) == ["prediction", "label", "probability"]


def test_any_id_is_returned(client: FlaskClient) -> None:
    for identifier in ("", "ä🎬\0", "\ud800"):
        assert infer(client, {"id": identifier, "inputs": [tensor()]}).get_json()["id"] == identifier


def test_another_model_is_not_found(client: FlaskClient) -> None:
    for response in (
        infer(client, {"inputs": [tensor()]}, model="other"),
        client.get("/v2/models/other"),
        client.get("/v2/models/other/ready"),
    ):
        assert response.status_code == 404
        assert "reviews" in response.get_json()["error"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must be a JSON object"),
        ({}, '"inputs" must be a list of one tensor'),
        ({"inputs": []}, '"inputs" must be a list of one tensor'),
        ({"inputs": [tensor(), tensor()]}, '"inputs" must be a list of one tensor'),
        ({"inputs": ["text"]}, '"inputs" must be a list of one tensor'),
        ({"inputs": [tensor(name="review")]}, "must have the name text"),
        ({"inputs": [tensor(datatype="FP32")]}, "must have the datatype BYTES"),
        ({"inputs": [tensor(shape=None)]}, "must have the shape [2] or [2, 1]"),
        ({"inputs": [tensor(shape=[3])]}, "must have the shape [2] or [2, 1]"),
        ({"inputs": [tensor(shape=[1, 2])]}, "must have the shape [2] or [2, 1]"),
        ({"inputs": [tensor(shape=[2, True])]}, "must have the shape [2] or [2, 1]"),
        ({"inputs": [tensor(shape=[-1])]}, "must have the shape [2] or [2, 1]"),
        ({"inputs": [tensor(shape=[0], data=[])]}, "must have 1 to 4 elements"),
        ({"inputs": [tensor(shape=[5], data=[GOOD] * 5)]}, "must have 1 to 4 elements"),
        ({"inputs": [tensor(data=None)]}, 'must have "data"'),
        ({"inputs": [tensor(data=[GOOD, 3])]}, '"data"[1] must be a string'),
        ({"inputs": [tensor(data=[GOOD, " "])]}, '"data"[1] is empty'),
        ({"inputs": [tensor(data=[GOOD, "a" * 1001])]}, "1001 characters; at most 1000"),
        ({"inputs": [tensor(data=[[GOOD], [BAD]])]}, '"data"[0] must be a string'),
        ({"inputs": [tensor()], "id": 42}, '"id" must be a string'),
        ({"inputs": [tensor()], "outputs": {}}, '"outputs" must be a list'),
        ({"inputs": [tensor()], "outputs": [{"name": "logits"}]}, "may name prediction, label, probability"),
        ({"inputs": [tensor()], "outputs": [{"name": ["label"]}]}, "may name prediction, label, probability"),
    ],
)
def test_invalid_requests_are_refused(client: FlaskClient, content: Any, message: str) -> None:
    response = infer(client, content)
    assert response.status_code == 400
    assert message in response.get_json()["error"]


def test_predictions_are_counted_by_route_and_class_not_by_model_name(client: FlaskClient) -> None:
    for model in ("reviews", "a", "b", "c"):
        infer(client, {"inputs": [tensor()]}, model=model)
    metrics = client.get("/metrics").get_data(as_text=True)
    rules = {line.split('url_rule="')[1].split('"')[0] for line in metrics.splitlines() if "/infer" in line}
    assert rules == {"/v2/models/<model_name>/infer"}
    assert 'ml_workshop_predictions_total{label="positive"}' in metrics


def test_client_of_triton(running: Server) -> None:
    client = triton.InferenceServerClient(f"127.0.0.1:{running.port}")
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("sentiment")
    metadata = client.get_model_metadata("sentiment")["inputs"][0]
    texts = triton.InferInput(metadata["name"], [2], metadata["datatype"])
    texts.set_data_from_numpy(np.array([GOOD, BAD], dtype=object), binary_data=False)
    for outputs in ([triton.InferRequestedOutput("label", binary_data=False)], None):
        answer = client.infer("sentiment", [texts], outputs=outputs)
        assert answer.as_numpy("label").tolist() == ["positive", "negative"]
    texts.set_data_from_numpy(np.array([GOOD, BAD], dtype=object), binary_data=True)
    with pytest.raises(InferenceServerException, match="no binary extension"):
        client.infer("sentiment", [texts])
    client.close()
