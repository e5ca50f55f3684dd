"""Labels as data sets spell them, and the classes that they mean."""

from collections.abc import Collection, Sequence

from ml_workshop.errors import DataError

Label = int | str

_CLASSES = ("negative", "positive")
_NUMBERS = ((0, 1), (-1, 1), (1, 2), (0, 4))
_WORDS = (
    {"negative", "neg", "n", "no", "false", "f", "bad"},
    {"positive", "pos", "p", "yes", "y", "true", "t", "good"},
)
_SPELLED_OUT = {"neg": "negative", "neu": "neutral", "pos": "positive"}
_MOST_SHOWN = 6


def parse_label(value: object) -> Label | None:
    """Return a label as a whole number or a string without blanks around it, None for a missing one.

    Raises:
        ValueError: It is a fraction, or neither a number nor a string.
    """
    if isinstance(value, str):
        value = value.strip()
        try:
            value = float(value)
        except ValueError:
            return str(value) or None
    if value is None or value != value:  # NaN differs from itself
        return None
    if not isinstance(value, int | float) or not float(value).is_integer():
        raise ValueError(value)
    return int(value)


def is_binary_label(value: str) -> bool:
    """Return whether a string is a usual spelling of negative or positive."""
    try:
        label = parse_label(value)
    except ValueError:
        return False
    spellings = _WORDS if isinstance(label, str) else _NUMBERS
    return any((label.casefold() if isinstance(label, str) else label) in known for known in spellings)


def class_names(where: str, labels: Collection[Label], given: Sequence[str] = ()) -> dict[Label, str]:
    """Return the class name of each label, in the order of the class indices.

    Args:
        where: Data set and column, for messages.
        labels: The different labels.
        given: Class names by integer label, if the data set has them.

    Raises:
        DataError: Labels are partly numbers, partly words; or it is not clear whether -1 means no label; or a
            label cannot be printed.
    """
    numbers = sorted(label for label in labels if isinstance(label, int))
    words = sorted(label for label in labels if isinstance(label, str))
    known: list[Label] = [*numbers, *words]
    if odd := [name for name in [*words, *given] if not name.isprintable()]:
        raise DataError(
            f"{where} has the label {ascii(odd[0])[:60]}, which is not in one line of printable characters "
            "and plain blanks: rename it."
        )
    if numbers and words:
        raise DataError(f"{where} has partly numbers, partly words as labels ({shown(known)}): use one kind.")
    if -1 in numbers and (given or numbers != [-1, 1]):
        raise DataError(
            f"{where} has the labels {shown(numbers)}; -1 may mean no label (as on the hub) or a class: "
            "leave out rows without a label, and write classes as words, such as negative and positive."
        )
    for pair in () if given else _NUMBERS:
        if numbers == list(pair):
            return dict(zip(pair, _CLASSES, strict=True))
    names: dict[Label, str] = {label: str(label) for label in known}
    names.update((label, name) for label, name in enumerate(given) if label in names)
    sides = [[label for label in known if names[label].casefold() in spellings] for spellings in _WORDS]
    if all(sides) and sum(map(len, sides)) == len(names):
        return {label: name for name, side in zip(_CLASSES, sides, strict=True) for label in side}
    return {label: _SPELLED_OUT.get(name.casefold(), name) for label, name in names.items()}


def shown(values: Collection[object]) -> str:
    """Return values for a message, at most six."""
    text = ", ".join(str(value)[:40] for value in list(values)[:_MOST_SHOWN])
    return text if len(values) <= _MOST_SHOWN else f"{text} and {len(values) - _MOST_SHOWN} more"
