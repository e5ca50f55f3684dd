"""A data set that is read in batches: texts with class indices, in bounded memory."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from ml_workshop.data.columns import Table
from ml_workshop.data.dataset import UNLABELLED, Split
from ml_workshop.data.files import BATCH_ROWS
from ml_workshop.data.labels import Label, class_names, parse_label, shown
from ml_workshop.errors import DataError

log = logging.getLogger("ml_workshop")

_TEST_EVERY = 5

Batch = tuple[list[str], list[Label]]


class Source:
    """A data set that is read in batches.

    Without a split "test", the first of every five rows of each class is a test row and no training row.

    Attributes:
        name: Name for messages and the model card.
        identity: Identifies the content: a hub commit or a hash of the files.
        tables: The parts of each split: "train", "test" and "unsupervised"; any may be missing.
    """

    def __init__(self, name: str, identity: str, tables: dict[str, list[Table]]) -> None:
        """Log how the parts are read, where that differs from the documented format."""
        self.name, self.identity, self.tables = name, identity, tables
        self._spellings: dict[object, Label | None] = {}
        self._rows: dict[str, int] = {}
        all_tables = [table for split in tables.values() for table in split]
        self._column, self._class_names = all_tables[0].label_column, all_tables[0].class_names or []
        noted: dict[str, list[str]] = defaultdict(list)
        for table in all_tables:
            noted["; ".join(table.notes)].append(table.name)
        for note, names in noted.items():
            if note:
                log.info("%s (%s): %s", name, shown(names), note)

    @property
    def label_names(self) -> list[str]:
        """Name of each class index. Reads all labelled rows the first time."""
        return list(dict.fromkeys(self._classes.values()))

    def count_rows(self, split: str) -> int:
        """Return how many rows `iter_texts` yields. Reads the split, unless its labels have been read."""
        if split == UNLABELLED:
            return sum(len(texts) for texts, _ in self._read(split, BATCH_ROWS))
        assert self._classes  # noqa: S101  (it counts)
        return self._rows[split]

    def iter_texts(self, split: str, batch_rows: int = BATCH_ROWS) -> Iterator[Split]:
        """Yield the rows of a split, at most `batch_rows` at a time; those of "unsupervised" without labels.

        Raises:
            DataError: There is no such split, or its rows cannot be trained on.
        """
        index: dict[Label, int] = {}
        if split != UNLABELLED:
            index = {label: self.label_names.index(name) for label, name in self._classes.items()}
        for texts, labels in self._read(split, batch_rows):
            yield Split(texts, [index[label] for label in labels])

    def load_test(self, label_names: list[str]) -> Split:
        """Read the test rows into memory, labelled with the classes of a model.

        Raises:
            DataError: There are no rows, or a label is not one of these classes.
        """
        batches = list(self._read("test", BATCH_ROWS))
        where = f"Data set {self.name}: column {self._column}"
        seen = {label for _, labels in batches for label in labels}
        index: dict[Label, int] = {}
        for label, name in class_names(where, seen, self._class_names).items():
            if name in label_names or str(label) in label_names:
                index[label] = label_names.index(name if name in label_names else str(label))
            elif isinstance(label, int) and 0 <= label < len(label_names):
                index[label] = label
            else:
                known = ", ".join(label_names)
                raise DataError(f"{where} has the label {label!r}, none of the model's classes ({known}).")
        if not batches:
            raise DataError(f"Data set {self.name}: split test has no row with a text.")
        return _join(Split(texts, [index[label] for label in labels]) for texts, labels in batches)

    def _read(self, split: str, batch_rows: int) -> Iterator[Batch]:
        """Yield the rows of a split that have a text; without labels for the unlabelled one."""
        holds_out = split != UNLABELLED and "test" not in self.tables
        source = "train" if holds_out else split
        if source not in self.tables:
            raise DataError(f"Data set {self.name} has no split {split} (it has: {', '.join(self.tables)}).")
        number, seen = 0, Counter[Label]()
        for table in self.tables[source]:
            for rows in table.batches(batch_rows):
                texts: list[str] = []
                labels: list[Label] = []
                for text, value in rows:
                    number += 1
                    where = f"row {number} of split {split}"
                    if text is None or text == "" or (isinstance(text, str) and text.isspace()):
                        continue
                    if not isinstance(text, str):
                        raise DataError(f"Data set {self.name}: text of {where} is not a string.")
                    if split != UNLABELLED:
                        label = self._label(value, where)
                        seen[label] += 1
                        if holds_out and (seen[label] % _TEST_EVERY == 1) != (split == "test"):
                            continue
                        labels.append(label)
                    texts.append(_encodable(text))
                if texts:
                    yield texts, labels

    def _label(self, value: object, where: str) -> Label:
        try:
            label = self._spellings[value]
        except (KeyError, TypeError):  # a list cannot be looked up
            try:
                label = self._spellings[value] = parse_label(value)
            except (ValueError, TypeError) as error:
                raise DataError(
                    f"Data set {self.name}: {self._column} {value!r} of {where} is neither a whole number "
                    "nor a string."
                ) from error
        if label is None:
            raise DataError(f"Data set {self.name}: {where} has no {self._column}: leave out such rows.")
        return label

    @cached_property
    def _classes(self) -> dict[Label, str]:
        """Class name of each label, checked and logged."""
        train, test = (
            Counter(label for _, labels in self._read(split, BATCH_ROWS) for label in labels)
            for split in ("train", "test")
        )
        self._rows = {"train": train.total(), "test": test.total()}
        where = f"Data set {self.name}"
        named = class_names(f"{where}: column {self._column}", train.keys() | test.keys(), self._class_names)
        rows = Counter(named[label] for label in train.elements())
        scarce = [name for name, count in rows.items() if count < 2]
        unseen = [label for label in test if named[label] not in rows]
        if len(rows) < 2:
            only = f"the one class {next(iter(rows))!r}" if rows else "no row with a text"
            raise DataError(f"{where}: split train has {only}; training needs at least two classes.")
        if scarce:
            raise DataError(
                f"{where}: class {scarce[0]!r} has a single row in split train; give it at least two (column "
                f"{self._column} is read as label, its values: {shown(named)})."
            )
        if unseen:
            raise DataError(f"{where}: label {unseen[0]} of split test does not occur in split train.")
        if not test:
            raise DataError(f"{where}: split test has no row with a text.")
        self._log_classes(named)
        if "test" not in self.tables:
            log.info(
                "%s: no test split; every fifth row of each class is a test row (%d training, %d test rows)",
                self.name,
                train.total(),
                test.total(),
            )
        return named

    def _log_classes(self, named: dict[Label, str]) -> None:
        """Log how labels are read, unless they are the class names or 0 and 1."""
        given = {str(label): name for label, name in enumerate(self._class_names)}
        spelled: dict[str, list[str]] = {name: [] for name in named.values()}
        for value, label in self._spellings.items():
            if label in named:
                spelled[named[label]].append(given.get(str(label), str(value)))
        labels = ["/".join(values) for values in spelled.values()]
        if labels not in (list(spelled), ["0", "1"]):
            log.info("%s: labels %s are read as %s", self.name, shown(labels), shown(spelled))


def _join(batches: Iterable[Split]) -> Split:
    joined = Split([], [])
    for batch in batches:
        joined.texts.extend(batch.texts)
        joined.labels.extend(batch.labels)
    return joined


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can express but no encoding can."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
