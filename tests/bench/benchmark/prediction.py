"""Time of one prediction as a pure library call.

`python -m benchmark.prediction ours|workshop MODEL BODIES` times one of them in a separate process and
prints one JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.measurements import OURS, WORKSHOP
from benchmark.progress import progress
from benchmark.reviews import read_texts
from benchmark.training import Models, last_json
from benchmark.usage import run_measured

WARM_UP = 50
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
VARIANTS = {OURS: ONE_THREAD, WORKSHOP: {}, f"{WORKSHOP}, 1 thread": ONE_THREAD}
"""Variants to time, with their environment. PyTorch's default number of threads is not always the fastest."""


def measure(models: Models, bodies: Path, rounds: int, logs: Path) -> dict[str, list[float]]:
    """Time single predictions, alternating.

    Returns:
        The median of each round in microseconds, for each of VARIANTS.
    """
    medians: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for number in range(1, rounds + 1):
        for variant, environment in VARIANTS.items():
            kind = variant.partition(",")[0]
            model = models.ours if kind == OURS else models.workshop
            command = (sys.executable, "-m", "benchmark.prediction", kind, str(model), str(bodies))
            _, printed = run_measured(command, logs / f"predict-{kind}.log", environment)
            medians[variant].append(last_json(printed)["p50_microseconds"])
        progress(
            f"predict {number}/{rounds}: "
            + ", ".join(f"{variant} {medians[variant][-1]:,.0f} us" for variant in VARIANTS)
        )
    return medians


def time_calls(predict: Callable[[str], object], texts: list[str]) -> float:
    """Return the median duration of a call, microseconds."""
    for text in texts[:WARM_UP]:
        predict(text)
    durations = []
    for text in texts:
        begin = time.perf_counter_ns()
        predict(text)
        durations.append(time.perf_counter_ns() - begin)
    return statistics.median(durations) / 1e3


def _predictor(kind: str, model: Path) -> Callable[[str], object]:
    predict: Callable[[str], object]
    if kind == OURS:
        from ml_workshop.model.predictor import Predictor

        predict = Predictor.load(model).predict
    else:
        from workshop.predictor import Predictor as WorkshopPredictor

        predict = WorkshopPredictor(model).predict
    return predict


if __name__ == "__main__":
    median = time_calls(_predictor(sys.argv[1], Path(sys.argv[2])), read_texts(Path(sys.argv[3])))
    print(json.dumps({"p50_microseconds": median}))
