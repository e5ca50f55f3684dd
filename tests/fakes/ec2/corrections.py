"""Corrections of moto where its answers differ from EC2's."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.responses.security_groups import SecurityGroups


def install() -> None:
    """Apply all corrections to moto's classes."""
    create_volume = EC2Backend.create_volume
    update_descriptions = SecurityGroups.update_security_group_rule_descriptions_ingress

    def create_volume_with_snapshot(backend: EC2Backend, *args: Any, **kwargs: Any) -> Any:
        """Root volumes come from the image's snapshot; EC2 never leaves the field out."""
        volume = create_volume(backend, *args, **kwargs)
        volume.snapshot_id = volume.snapshot_id or "snap-0123456789abcdef0"
        return volume

    def update_descriptions_with_result(response: SecurityGroups) -> ActionResult:
        """EC2 answers `return: true`."""
        update_descriptions(response)
        return ActionResult({"Return": True})

    setattr(EC2Backend, "create_volume", create_volume_with_snapshot)  # noqa: B010 - mypy refuses an assignment
    setattr(SecurityGroups, update_descriptions.__name__, update_descriptions_with_result)
