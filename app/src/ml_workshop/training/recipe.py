"""The numbers of a training run."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters; the defaults were chosen on a validation split of IMDB's training rows.

    Attributes:
        epochs: Passes over the data.
        batch_size: Reviews per step.
        input_size: Most n-grams in the vocabulary.
        hidden_size: Width of the hidden layer.
        seed: Seed of everything random: split, initial weights, order, dropout.
        max_order: Longest n-gram, in tokens.
        min_documents: Fewest reviews in which an n-gram has to occur.
        learning_rate: Step size of AdamW at the start; falls linearly to zero.
        weight_decay: Decay of the embedding; the output layer has none.
        feature_dropout: Share of a review's n-grams that one step does not see.
        hidden_dropout: Share of hidden units that one step does not use.
        validation_share: Share of the training rows held out for calibration and the learning curve.
    """

    epochs: int = 3
    batch_size: int = 128
    input_size: int = 100_000
    hidden_size: int = 32
    seed: int = 0
    max_order: int = 3
    min_documents: int = 2
    learning_rate: float = 3e-3
    weight_decay: float = 0.1
    feature_dropout: float = 0.3
    hidden_dropout: float = 0.5
    validation_share: float = 0.1

    def as_dict(self) -> dict[str, int | float]:
        """Return the numbers by name, for config.json and the fingerprint."""
        return asdict(self)
