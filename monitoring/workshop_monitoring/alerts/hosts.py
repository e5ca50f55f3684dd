"""Alerts on the machines."""

from workshop_monitoring.alerts import Alert, Severity

_REAL = 'job="node_exporter", fstype!~"tmpfs|ramfs|squashfs|iso9660", mountpoint!~"/boot.*|/etc/.+"'
"""File systems that can fill; a container's bind mounts under /etc would repeat its root."""

_FREE = f"node_filesystem_avail_bytes{{{_REAL}}}"
_SHARE_FREE = f"{_FREE}\n/ node_filesystem_size_bytes{{{_REAL}}}"


def alerts() -> list[Alert]:
    """Disk and memory."""
    return [
        Alert(
            name="HostDiskFilling",
            expression=f"{_SHARE_FREE} < 0.4\nand\npredict_linear(\n  {_FREE}[6h],\n  24 * 3600\n) < 0",
            hold="1h",
            severity=Severity.TICKET,
            summary="{{ $labels.mountpoint }} of {{ $labels.instance }} fills up",
            description=(
                "{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} ({{ $labels.device }}) is "
                "free, and as fast as it went in the last six hours it will be full within a day."
            ),
            dashboard="hosts",
        ),
        Alert(
            name="HostDiskFull",
            expression=f"{_SHARE_FREE} < 0.05",
            hold="5m",
            severity=Severity.PAGE,
            summary="{{ $labels.mountpoint }} of {{ $labels.instance }} is nearly full",
            description=(
                "Only {{ $value | humanizePercentage }} of {{ $labels.mountpoint }} ({{ $labels.device }}) "
                "is free; deployments fail, and on Instance_B Prometheus stops to record."
            ),
            dashboard="hosts",
        ),
        Alert(
            name="HostMemoryLow",
            expression=(
                'node_memory_MemAvailable_bytes{job="node_exporter"} '
                '/ node_memory_MemTotal_bytes{job="node_exporter"} < 0.1'
            ),
            hold="15m",
            severity=Severity.TICKET,
            summary="{{ $labels.instance }} is short of memory",
            description=(
                "Only {{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} is "
                "available; at none the kernel kills a process."
            ),
            dashboard="hosts",
        ),
    ]
