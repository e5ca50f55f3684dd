"""YAML settings, read into dataclasses and validated."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml


class SettingsError(ValueError):
    """A file is invalid; the message is one sentence that names the setting to change."""


@dataclass(frozen=True)
class Alerting:
    """monitoring/alerting.yml, which explains each of them."""

    runbook_base_url: str
    grafana_url: str
    minimum_failed_requests: int
    model_maximum_age_days: int
    drift_minimum_predictions: int
    drift_out_of_vocabulary_ratio: float
    drift_class_share: float
    drift_confidence: float
    metric_files: int
    gateway_queued_requests: int
    gateway_error_ratio: float

    @classmethod
    def load(cls, path: Path) -> "Alerting":
        """Read the file.

        Raises:
            SettingsError: A setting is unknown, missing, or no value of its kind.
        """
        found = read_mapping(path)
        check_keys(found, [field.name for field in fields(cls)], str(path.name))
        for field in fields(cls):
            value = found[field.name]
            if field.type is str:
                require(isinstance(value, str), f"{path.name}: {field.name} is {value!r}; set it to a text.")
            elif field.type is int:
                sound = is_number(value) and value == int(value) and value > 0
                require(
                    sound, f"{path.name}: {field.name} is {value!r}; set it to a whole number of 1 or more."
                )
            else:
                sound = is_number(value) and 0 < value < 1
                require(sound, f"{path.name}: {field.name} is {value!r}; set it to a share between 0 and 1.")
        return cls(**found)


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is keys and values.

    Raises:
        SettingsError: It cannot be read, or is something else.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path.name} cannot be read ({error.strerror}); restore it from the repository."
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path.name} is not YAML: {' '.join(str(error).split())}.") from None
    require(isinstance(found, dict), f"{path.name} has to be keys and values, such as 'service: inference'.")
    return dict(found)


def check_keys(
    found: Mapping[str, Any], required: Collection[str], where: str, optional: Collection[str] = ()
) -> None:
    """Refuse keys that are unknown or missing.

    Raises:
        SettingsError: Names the key, and the one that was probably meant.
    """
    for key in found:
        if key not in required and key not in optional:
            near = difflib.get_close_matches(str(key), [*required, *optional], n=1)
            advice = f"did you mean {near[0]}?" if near else f"known are {', '.join([*required, *optional])}."
            raise SettingsError(f"{where} has the unknown key {key}; {advice}")
    for key in required:
        require(key in found, f"{where} lacks {key}; set it.")


def is_number(value: object) -> bool:
    """Whether this is a number, and not YAML's true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def require(condition: bool, sentence: str) -> None:
    """Raise a SettingsError with this sentence unless the condition holds."""
    if not condition:
        raise SettingsError(sentence)
