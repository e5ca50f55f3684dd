"""Errors that a user can solve.

Each message is one sentence: what failed, where, and what to set or run. The command line prints it as is.
"""


class MlWorkshopError(Exception):
    """A failure that the user can solve; `exit_code` is that of the command."""

    exit_code = 1


class DataError(MlWorkshopError):
    """A data set cannot be found or cannot be trained on."""


class ModelError(MlWorkshopError):
    """A directory is not a model, or not an intact one."""


class RegistryError(MlWorkshopError):
    """A model repository cannot be reached or refuses a request."""


class TokenError(RegistryError):
    """The hub's token is missing or refused."""


class RevisionNotFoundError(RegistryError):
    """A repository has no such revision."""


class OutputError(MlWorkshopError):
    """A file or directory cannot be written."""


class ServingError(MlWorkshopError):
    """The server cannot be started."""


class QualityGateError(MlWorkshopError):
    """A model is not good enough to be published."""

    exit_code = 3


class LoadTestError(MlWorkshopError):
    """A load test cannot run."""


class ObjectiveError(MlWorkshopError):
    """A load test missed its objectives."""

    exit_code = 3


class DeployError(MlWorkshopError):
    """A deployment failed; the slot that served before still serves."""


class DeployRefusedError(DeployError):
    """The golden review or a canary step refused the candidate."""

    exit_code = 3


class DeployLockedError(DeployError):
    """Another deployment is in progress."""

    exit_code = 4
