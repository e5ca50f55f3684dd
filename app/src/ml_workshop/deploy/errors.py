"""Why a deployment did not happen."""

from ml_workshop.errors import MlWorkshopError


class DeployError(MlWorkshopError):
    """A deployment failed; the slot that served before serves on."""


class DeployRefusedError(DeployError):
    """A gate refused the candidate: its golden review, or the comparison of a canary step."""

    exit_code = 3


class DeployLockedError(DeployError):
    """Another deployment is in progress."""

    exit_code = 4
