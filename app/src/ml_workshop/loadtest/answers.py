"""Is an answer of the service right?"""

from typing import Any


class AnswerCheck:
    """Finds answers that are malformed, or that differ from an earlier answer to the same text.

    A service that mixes up requests under load still answers 200; the same text must get the same answer for
    as long as the model is the same.
    """

    def __init__(self) -> None:
        """Start without any answer known."""
        self._known: dict[tuple[str, str], tuple[int, float]] = {}

    def problem(self, text: str, answer: Any) -> str | None:  # noqa: ANN401  (decoded JSON)
        """Return what is wrong with the answer to a text, None if nothing is."""
        if not isinstance(answer, dict):
            return "the answer is not an object"
        prediction, probability = answer.get("prediction"), answer.get("probability")
        revision, label = answer.get("model_revision"), answer.get("label")
        if not isinstance(prediction, int) or not isinstance(label, str) or not isinstance(revision, str):
            return "the answer lacks prediction, label or model_revision"
        if not isinstance(probability, float | int) or not 0 <= probability <= 1:
            return f"the probability is {probability!r}"
        known = self._known.setdefault((text, revision), (prediction, probability))
        if known[0] != prediction or abs(known[1] - probability) > 1e-6:
            return f"the same text got {known} and then {(prediction, probability)}"
        return None
