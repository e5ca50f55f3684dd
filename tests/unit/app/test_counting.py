"""Counting, selecting and bagging n-grams, compared with a simple implementation."""

import random
from collections import Counter

import numpy as np
import pytest
from ml_workshop.text.ngrams import key_tokens
from ml_workshop.text.tokens import tokenize
from ml_workshop.training.bags import make_bags
from ml_workshop.training.corpus import Corpus, read_corpus
from ml_workshop.training.counting import Occurrences, count_ngrams
from ml_workshop.training.selection import class_contrast, log_count_ratios, select, weights_and_directions
from ml_workshop.training.splitting import stratified_holdout

NGrams = set[tuple[str, ...]]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    generator = random.Random(3)  # noqa: S311
    words = ["a", "b", "c", "d", "e", "."]
    return [" ".join(generator.choices(words, k=generator.randrange(0, 12))) for _ in range(60)]


def ngrams_of(text: str, max_order: int = 3) -> NGrams:
    tokens = tokenize(text)
    return {
        tuple(tokens[start : start + order])
        for order in range(1, max_order + 1)
        for start in range(len(tokens) - order + 1)
    }


def names(corpus: Corpus, occurrences: Occurrences) -> list[tuple[str, ...]]:
    return [tuple(corpus.tokens[token - 1] for token in key_tokens(int(key))) for key in occurrences.keys]


@pytest.mark.parametrize("min_documents", [1, 2, 5])
def test_counts_each_ngram_once_per_document(texts: list[str], min_documents: int) -> None:
    corpus = read_corpus(texts)
    occurrences = count_ngrams(corpus, 3, min_documents)
    expected = Counter(ngram for text in texts for ngram in ngrams_of(text))
    expected = Counter({ngram: count for ngram, count in expected.items() if count >= min_documents})
    labels = np.zeros(len(texts), np.int64)
    counted = dict(zip(names(corpus, occurrences), occurrences.class_counts(labels, 1)[:, 0], strict=True))
    assert counted == expected
    assert (np.diff(occurrences.keys) > 0).all()


def test_class_counts_leave_out_documents_with_a_negative_label(texts: list[str]) -> None:
    corpus = read_corpus(texts)
    occurrences = count_ngrams(corpus, 2, 1)
    labels = np.array([index % 3 - 1 for index in range(len(texts))])
    counts = occurrences.class_counts(labels, 2)
    for label in (0, 1):
        chosen = [text for text, own in zip(texts, labels, strict=True) if own == label]
        expected = Counter(ngram for text in chosen for ngram in ngrams_of(text, 2))
        assert {
            n: c for n, c in zip(names(corpus, occurrences), counts[:, label], strict=True) if c
        } == expected


def test_bags_hold_the_selected_ngrams_of_each_document(texts: list[str]) -> None:
    corpus = read_corpus(texts)
    occurrences = count_ngrams(corpus, 3, 2)
    selected = np.arange(0, len(occurrences.keys), 3)
    bags = make_bags(occurrences, selected, np.ones(len(selected), np.float32))
    known = [names(corpus, occurrences)[index] for index in selected]
    order = np.array([5, 0, 59, 5])
    some = bags.rows(order)
    assert len(some.starts) == 5
    for place, document in enumerate(order):
        features = some.features[some.starts[place] : some.starts[place + 1]]
        assert {known[feature] for feature in features} == ngrams_of(texts[document]) & set(known)
        assert len(features) == len(set(features.tolist()))
        values = some.values[some.starts[place] : some.starts[place + 1]]
        assert not len(values) or np.linalg.norm(values) == pytest.approx(1)


def test_empty_texts_have_no_ngrams() -> None:
    occurrences = count_ngrams(read_corpus(["", "  ", "@"]), 3, 1)
    assert len(occurrences.keys) == 0
    assert len(make_bags(occurrences, np.empty(0, np.int64), np.empty(0, np.float32))) == 3


def test_log_count_ratio_is_that_of_the_paper() -> None:
    counts, documents = np.array([[8, 2], [5, 5], [0, 4]]), np.array([10, 10])
    ratios = log_count_ratios(counts, documents, smoothing=1.0)
    assert ratios[0, 0] == pytest.approx(np.log((9 / 12) / (3 / 12)))
    assert ratios[1].tolist() == [0, 0]
    np.testing.assert_allclose(ratios[:, 0], -ratios[:, 1])
    weights, directions = weights_and_directions(counts, documents, 1.0)
    np.testing.assert_allclose(weights, np.abs(ratios[:, 0]), rtol=1e-6)
    np.testing.assert_allclose(directions, [[1, -1], [0, 0], [-1, 1]], rtol=1e-6)


def test_contrast_prefers_frequent_and_uneven_ngrams_whatever_the_class_sizes() -> None:
    counts = np.array([[80, 20], [8, 2], [50, 50], [5, 0]])
    contrast = class_contrast(counts, np.array([100, 100]))
    assert np.argsort(-contrast).tolist() == [0, 3, 1, 2]
    assert class_contrast(np.array([[90, 10]]), np.array([900, 100]))[0] == pytest.approx(0)


def test_select_leaves_out_what_the_rows_do_not_have() -> None:
    counts = np.array([[0, 0], [3, 0], [0, 2], [1, 1]])
    assert select(counts, np.array([3, 3]), 10).tolist() == [1, 2, 3]
    assert select(counts, np.array([3, 3]), 1).tolist() == [1]


def test_holdout_takes_the_same_share_of_each_class_however_the_rows_are_sorted() -> None:
    labels = np.repeat([0, 1, 2], [900, 90, 2])
    held = stratified_holdout(labels, 0.1, seed=1)
    assert np.bincount(labels[held]).tolist() == [90, 9, 1]
    assert (held == stratified_holdout(labels, 0.1, seed=1)).all()
    assert (held != stratified_holdout(labels, 0.1, seed=2)).any()
