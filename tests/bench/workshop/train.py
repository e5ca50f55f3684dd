"""Train in the workshop's way: `python -m workshop.train DATASET OUTPUT`.

With the numbers of its page: 3 epochs, batches of 16, 10,000 words, 256 hidden units; Adam at 0.001. Like its
script it trains on the first 20,000 rows as they come and validates on the first 5,000 test rows, which in
IMDB are all negative: that figure is printed as what the workshop would report. The true one comes from
workshop.evaluate.
"""

import json
import sys
from pathlib import Path

import joblib
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from workshop.files import VECTORISER, WEIGHTS
from workshop.network import INPUT_SIZE, new_network
from workshop.rows import read_split

EPOCHS = 3
BATCH_SIZE = 16
LEARNING_RATE = 0.001
TRAIN_ROWS = 20_000
VALIDATION_ROWS = 5_000


def train(dataset: Path, output: Path) -> float:
    """Train and write the model.

    Args:
        dataset: Directory with train.* and test.*.
        output: Directory to write into.

    Returns:
        Accuracy on the first test rows, 0 to 1.
    """
    texts, labels = read_split(dataset, "train", TRAIN_ROWS)
    vectoriser = TfidfVectorizer(max_features=INPUT_SIZE)
    rows = vectoriser.fit_transform(texts).toarray()
    test_texts, test_labels = read_split(dataset, "test", VALIDATION_ROWS)
    test_rows = vectoriser.transform(test_texts).toarray()
    train_data = TensorDataset(torch.tensor(rows, dtype=torch.float32), torch.tensor(labels))
    test_data = TensorDataset(torch.tensor(test_rows, dtype=torch.float32), torch.tensor(test_labels))

    network = new_network(rows.shape[1])
    _fit(network, DataLoader(train_data, batch_size=BATCH_SIZE, shuffle=True))
    accuracy = _accuracy(network, DataLoader(test_data, batch_size=BATCH_SIZE))

    output.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), output / WEIGHTS)
    joblib.dump(vectoriser, output / VECTORISER)
    return accuracy


def _fit(network: nn.Module, batches: DataLoader) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    loss_of = nn.CrossEntropyLoss()
    network.train()
    for _ in range(EPOCHS):
        for rows, labels in batches:
            optimizer.zero_grad()
            loss_of(network(rows), labels).backward()
            optimizer.step()


def _accuracy(network: nn.Module, batches: DataLoader) -> float:
    network.eval()
    with torch.no_grad():
        right = [(network(rows).argmax(dim=1) == labels).sum().item() for rows, labels in batches]
    return sum(right) / len(batches.dataset)


if __name__ == "__main__":
    print(json.dumps({"reported_accuracy": train(Path(sys.argv[1]), Path(sys.argv[2]))}))
