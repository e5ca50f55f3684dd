"""Accuracy of the workshop's way: `python -m workshop.evaluate MODEL DATASET` prints one JSON object."""

import json
import sys
from pathlib import Path

from workshop.predictor import Predictor
from workshop.rows import read_split

if __name__ == "__main__":
    predictor = Predictor(Path(sys.argv[1]))
    texts, labels = read_split(Path(sys.argv[2]), "test")
    right = sum(predictor.predict(text) == label for text, label in zip(texts, labels, strict=True))
    print(json.dumps({"accuracy": right / len(labels), "n": len(labels)}))
