"""Tokens, n-gram keys, vocabulary."""

import numpy as np
import pytest
from ml_workshop.text.ngrams import MAX_TOKENS, UNKNOWN, key_tokens, ngram_keys
from ml_workshop.text.tokens import tokenize
from ml_workshop.text.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't MISS it!", ["don't", "miss", "it", "!"]),
        ("Don\u2019t", ["don't"]),
        ("Bad.<br /><br />Really bad", ["bad", ".", "really", "bad"]),
        ("7/10 (barely)", ["7", "10", "(", "barely", ")"]),
        ("Café société, très émouvant", ["café", "société", ",", "très", "émouvant"]),
        ("плохой фильм", ["плохой", "фильм"]),
        ("rock 'n' roll_over", ["rock", "n", "roll", "over"]),
        ("", []),
        ("\0 @#$%^&_", []),
        ("\ud800 alone", ["alone"]),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_keys_of_all_orders_are_distinct_positive_and_reversible() -> None:
    ids = np.array([1, 2, 3, MAX_TOKENS, 2, 1, 1, 1], np.int64)
    seen: dict[int, list[int]] = {}
    for order in (1, 2, 3):
        for start, key in enumerate(ngram_keys(ids, order)):
            ngram = ids[start : start + order].tolist()
            assert key > 0
            assert key_tokens(int(key)) == ngram
            assert seen.setdefault(int(key), ngram) == ngram


def test_a_text_shorter_than_the_order_has_no_ngram() -> None:
    assert len(ngram_keys(np.array([5], np.int64), 3)) == 0
    assert len(ngram_keys(np.empty(0, np.int64), 1)) == 0


def test_vocabulary_finds_each_known_ngram_once_and_no_other() -> None:
    tokens = ["bad", "not", "film"]
    not_bad = ngram_keys(np.array([2, 1], np.int64), 2)
    bad = np.array([1], np.int64)
    vocabulary = Vocabulary(tokens, np.sort(np.concatenate([bad, not_bad])), max_order=3)
    ids = vocabulary.token_ids("Not bad, not bad: a strange film")
    assert ids.tolist() == [2, 1, UNKNOWN, 2, 1, UNKNOWN, UNKNOWN, UNKNOWN, 3]
    assert vocabulary.features(ids).tolist() == [0, 1]
    assert vocabulary.features(vocabulary.token_ids("bad xyzzy not")).tolist() == [0]
    assert vocabulary.features(vocabulary.token_ids("")).tolist() == []


def test_looking_up_unknown_tokens_does_not_grow_the_vocabulary() -> None:
    vocabulary = Vocabulary(["a"], np.array([1], np.int64), max_order=1)
    vocabulary.token_ids("b c d e f")
    assert vocabulary.token_ids("b").tolist() == [UNKNOWN]
    assert len(vocabulary._ids) == 1
