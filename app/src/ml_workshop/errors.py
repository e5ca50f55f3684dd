"""What can go wrong and is not a bug.

Each message is one sentence that says what is wrong, where, and what to do; the command line prints it as is.
"""


class MlWorkshopError(Exception):
    """A failure that the person at the keyboard can do something about."""

    exit_code = 1


class DataError(MlWorkshopError):
    """A data set cannot be found or cannot be trained on."""


class ModelError(MlWorkshopError):
    """A directory is not a model, or not an intact one."""


class RegistryError(MlWorkshopError):
    """A model repository cannot be reached or refuses what was asked."""


class TokenError(RegistryError):
    """The hub's token is missing or refused."""


class RevisionNotFoundError(RegistryError):
    """A repository has no such revision."""


class OutputError(MlWorkshopError):
    """A directory cannot be written."""


class ServingError(MlWorkshopError):
    """The server cannot be started."""


class QualityGateError(MlWorkshopError):
    """A model is not good enough to be published."""

    exit_code = 3


class LoadTestError(MlWorkshopError):
    """A load test cannot be made."""


class ObjectiveError(MlWorkshopError):
    """A load test missed its objectives."""

    exit_code = 3
