"""Hyper-parameters of a training."""

from dataclasses import asdict, dataclass, replace

STEPS_PER_EPOCH = 96
"""Minimum of steps per epoch: with fewer, the weights hardly change."""

ROWS_PER_MIN_DOCUMENT = 2500
"""Rows per document that an n-gram has to occur in, from two documents to `Recipe.min_documents`."""


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters; the defaults were chosen on IMDB's training rows alone (docs/training.md).

    Attributes:
        epochs: Passes over the data.
        batch_size: Reviews per step; less for small data sets, see `batch_size_for`.
        input_size: Most n-grams in the vocabulary.
        hidden_size: Width of the hidden layer.
        seed: Seed of everything random: split, initial weights, order, dropout.
        max_order: Longest n-gram, in tokens.
        min_documents: Fewest reviews in which an n-gram has to occur; less for small data sets, see
            `min_documents_for`.
        learning_rate: Step size of AdamW at the start; falls linearly to zero.
        weight_decay: Decay of the embedding; the output layer has none.
        dropout: Share of hidden units that one step does not use.
        validation_share: Share of the training rows held out for calibration and the learning curve.
        unlabelled: Also train on unlabelled rows, with the labels that a teacher network predicts.
    """

    epochs: int = 2
    batch_size: int = 256
    input_size: int = 100_000
    hidden_size: int = 32
    seed: int = 0
    max_order: int = 3
    min_documents: int = 10
    learning_rate: float = 0.007
    weight_decay: float = 0.5
    dropout: float = 0.5
    validation_share: float = 0.1
    unlabelled: bool = False

    def for_student(self) -> "Recipe":
        """Return the recipe for labelled and pseudo-labelled rows, which are more: half the epochs."""
        return replace(self, epochs=max(self.epochs // 2, 1), batch_size=2 * self.batch_size)

    def batch_size_for(self, rows: int) -> int:
        """Return the batch size for a number of rows: small enough for STEPS_PER_EPOCH steps an epoch."""
        return min(self.batch_size, max(rows // STEPS_PER_EPOCH, 1))

    def min_documents_for(self, rows: int) -> int:
        """Return the fewest rows, of a number of rows, in which an n-gram has to occur."""
        return min(self.min_documents, max(rows // ROWS_PER_MIN_DOCUMENT, 2))

    def smoothing_for(self, rows: int) -> float:
        """Return what is added to the counts of n-grams: half of the fewest that there are."""
        return self.min_documents_for(rows) / 2

    def as_dict(self) -> dict[str, int | float]:
        """Return the numbers by name, for config.json and the fingerprint."""
        return asdict(self)
