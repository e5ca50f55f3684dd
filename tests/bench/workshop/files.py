"""Files of the workshop's model directory."""

WEIGHTS = "weights.bin"
VECTORISER = "vectoriser.joblib"
