"""Counting, selecting and bagging n-grams, compared with a simple implementation."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ml_workshop.data.dataset import Split
from ml_workshop.text.ngrams import MAX_TOKENS, key_tokens
from ml_workshop.text.tokens import NEGATORS
from ml_workshop.training import corpus, counting
from ml_workshop.training.bags import make_bags
from ml_workshop.training.corpus import Corpus, read_corpus
from ml_workshop.training.counting import Counted, TokenNumbers, count_ngrams
from ml_workshop.training.selection import Best, class_contrast, log_count_ratios, weights_and_directions
from ml_workshop.training.splitting import hold_out
from plain_tokens import all_ngrams

Read = Callable[[list[str], list[int]], Corpus]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    generator = random.Random(3)  # noqa: S311
    words = ["a", "b", "c", "d", "e", ".", NEGATORS[0]]
    return [" ".join(generator.choices(words, k=generator.randrange(0, 12))) for _ in range(60)]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return lambda texts, labels: read_corpus([Split(texts, labels)], tmp_path)


def count_all(read: Corpus, labels: list[int], min_documents: int) -> tuple[TokenNumbers, Counted]:
    numbers, parts = count_ngrams(read, np.array(labels), 2, 3, min_documents)
    return numbers, Counted(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def names(read: Corpus, numbers: TokenNumbers, keys: np.ndarray) -> list[tuple[str, ...]]:
    ids = numbers.ids.tolist()
    return [tuple(read.text(ids[token - 1]) for token in key_tokens(int(key))) for key in keys]


@pytest.mark.parametrize("min_documents", [1, 2, 5])
@pytest.mark.parametrize("memory", ["plenty", "little"])
def test_counts_each_ngram_once_per_document_and_class(
    texts: list[str], read: Read, min_documents: int, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if memory == "little":  # blocks of some documents, merged a few n-grams at a time
        monkeypatch.setattr(corpus, "BLOCK_TOKENS", 20)
        monkeypatch.setattr(counting, "MERGED_VALUES", 40)
        monkeypatch.setattr(counting, "_SAMPLED", 4)
    labels = [index % 3 - 1 for index in range(len(texts))]  # -1: left out
    tokenised = read(texts, labels)
    numbers, counted = count_all(tokenised, labels, min_documents)
    expected: dict[tuple[str, ...], list[int]] = {}
    for text, label in zip(texts, labels, strict=True):
        for ngram in all_ngrams(text) if label >= 0 else ():
            expected.setdefault(ngram, [0, 0])[label] += 1
    expected = {ngram: counts for ngram, counts in expected.items() if sum(counts) >= min_documents}
    found = names(tokenised, numbers, counted.keys)
    assert dict(zip(found, counted.counts.tolist(), strict=True)) == expected
    assert (np.diff(counted.keys) > 0).all()


def test_more_tokens_than_fit_are_counted_in_parts(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """n-grams of 21 bits a token leave no room for the number of a document."""
    drawn = random.Random(0)  # noqa: S311
    texts = [" ".join(str(drawn.randrange(3000)) for _ in range(100)) for _ in range(64)]
    tokenised, labels = read(texts, [0] * 64), [0] * 64
    _, whole = count_all(tokenised, labels, 1)
    monkeypatch.setattr(counting, "PACKED_BITS", 38)  # of 3 x 12 bits and 6
    _, parts = count_all(tokenised, labels, 1)
    assert all(map(np.array_equal, whole, parts))
    assert 3 * MAX_TOKENS.bit_length() <= 63


def test_bags_hold_the_selected_ngrams_of_each_document(
    texts: list[str], read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "BLOCK_TOKENS", 50)
    tokenised = read(texts, [0] * len(texts))
    numbers, counted = count_all(tokenised, [0] * len(texts), 2)
    keys = counted.keys[::3]
    made = make_bags(tokenised, numbers, keys, 3, np.ones(len(keys), np.float32))
    known = names(tokenised, numbers, keys)
    order = np.array([5, 0, 59, 5])
    some = made.rows(order)
    assert len(some.starts) == 5
    for place, document in enumerate(order):
        features = some.features[some.starts[place] : some.starts[place + 1]]
        assert {known[feature] for feature in features} == all_ngrams(texts[document]) & set(known)
        assert len(features) == len(set(features.tolist()))
        values = some.values[some.starts[place] : some.starts[place + 1]]
        assert not len(values) or np.linalg.norm(values) == pytest.approx(1)


def test_no_text_at_all_counts_nothing(read: Read) -> None:
    tokenised = read(["", "  ", "@"], [0, 0, 0])
    assert len(count_all(tokenised, [0, 0, 0], 1)[1].keys) == 0


def test_log_count_ratio_is_that_of_the_paper() -> None:
    counts, documents = np.array([[8, 2], [5, 5], [0, 4]]), np.array([10, 10])
    ratios = log_count_ratios(counts, documents, smoothing=1.0)
    assert ratios[0, 0] == pytest.approx(np.log((9 / 12) / (3 / 12)))
    assert ratios[1].tolist() == [0, 0]
    np.testing.assert_allclose(ratios[:, 0], -ratios[:, 1])
    weights, directions = weights_and_directions(counts, documents, 1.0)
    np.testing.assert_allclose(weights, np.abs(ratios[:, 0]), rtol=1e-6)
    np.testing.assert_allclose(directions, [[1, -1], [0, 0], [-1, 1]], rtol=1e-6)


def test_contrast_prefers_frequent_and_uneven_ngrams_for_any_class_sizes() -> None:
    counts = np.array([[80, 20], [8, 2], [50, 50], [5, 0]])
    contrast = class_contrast(counts, np.array([100, 100]))
    assert np.argsort(-contrast).tolist() == [0, 3, 1, 2]
    assert class_contrast(np.array([[90, 10]]), np.array([900, 100]))[0] == pytest.approx(0)


def test_the_best_ngrams_do_not_depend_on_how_many_are_seen_at_a_time() -> None:
    drawn = np.random.default_rng(0)
    counts = drawn.integers(0, 9, (5000, 2))
    documents, keys = np.array([100, 90]), np.arange(5000)
    contrast = class_contrast(counts, documents)
    expected = np.sort(np.argsort(-contrast, kind="stable")[:300])
    for step in (7, 400, 5000):
        best = Best(documents, 300)
        for begin in range(0, 5000, step):
            best.add(keys[begin : begin + step], counts[begin : begin + step])
        kept, its_counts = best.ascending()
        assert kept.tolist() == expected.tolist()
        assert (its_counts == counts[expected]).all()


def test_rows_held_out_are_a_share_of_each_class_and_all_copies_of_a_text() -> None:
    labels = np.repeat([0, 1, 2, -1], [9000, 900, 2, 50])
    hashes = np.random.default_rng(0).integers(0, 2**64, len(labels), np.uint64)
    hashes[:50] = hashes[50:100]
    held = hold_out(labels, hashes, 0.1, seed=1)
    assert held[labels == 0].mean() == pytest.approx(0.1, abs=0.02)
    assert held[labels == 1].mean() == pytest.approx(0.1, abs=0.04)
    assert held[labels == 2].sum() == 1
    assert not held[labels == -1].any()
    assert (held[:50] == held[50:100]).all()
    assert (held == hold_out(labels, hashes, 0.1, seed=1)).all()
    assert (held != hold_out(labels, hashes, 0.1, seed=2)).any()


def test_rows_are_held_out_when_each_class_has_but_one_text() -> None:
    hashes = np.repeat(np.array([1, 2], np.uint64), 20)
    held = hold_out(np.repeat([0, 1], 20), hashes, 0.1, seed=0)
    assert held.any() and not held.all()
