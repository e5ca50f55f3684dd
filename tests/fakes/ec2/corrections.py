"""Corrections of moto where its answers differ from EC2's."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend


def install() -> None:
    """Give every volume the id of a snapshot: root volumes are made from the image's, and EC2 never leaves the field out."""
    create_volume = EC2Backend.create_volume

    def with_snapshot(backend: EC2Backend, *args: Any, **kwargs: Any) -> Any:
        volume = create_volume(backend, *args, **kwargs)
        volume.snapshot_id = volume.snapshot_id or "snap-0123456789abcdef0"
        return volume

    EC2Backend.create_volume = with_snapshot
