"""What the workshop's way leaves in its model directory."""

WEIGHTS = "weights.bin"
VECTORISER = "vectoriser.joblib"
