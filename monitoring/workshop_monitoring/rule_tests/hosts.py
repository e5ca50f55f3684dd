"""Tests of the alerts on the machines."""

from workshop_monitoring.rule_tests import Fires, Scenario

_DISK = 'job="node_exporter", instance="instance-b:9100", device="/dev/xvda1", fstype="ext4", mountpoint="/"'
_DISK_LABELS = {
    "job": "node_exporter",
    "instance": "instance-b:9100",
    "device": "/dev/xvda1",
    "fstype": "ext4",
    "mountpoint": "/",
}
_HOST = 'job="node_exporter", instance="instance-b:9100"'


def _disk(available: str) -> dict[str, str]:
    """A disk of 1000 bytes."""
    return {
        f"node_filesystem_avail_bytes{{{_DISK}}}": available,
        f"node_filesystem_size_bytes{{{_DISK}}}": "1000x2000",
    }


def _memory(available: str) -> dict[str, str]:
    return {
        f"node_memory_MemAvailable_bytes{{{_HOST}}}": available,
        f"node_memory_MemTotal_bytes{{{_HOST}}}": "1000x2000",
    }


SCENARIOS = (
    Scenario(
        # From 700 down by 20 an hour: below 40 % at 15 h, and then full in less than a day from 11 h on.
        "A disk that is 40 % free and full within a day is reported an hour later",
        "HostDiskFilling",
        _disk("700-1x600"),
        interval="3m",
        silent=("14h57m", "15h57m"),
        fires=Fires(
            "16h6m",
            _DISK_LABELS | {"severity": "ticket"},
            "/ of instance-b:9100 fills up",
            "37.8% of / (/dev/xvda1) is free, and as fast as it went in the last six hours "
            "it will be full within a day.",
        ),
    ),
    Scenario(
        "A disk that is 30 % free and full in a day and a half is not reported",
        "HostDiskFilling",
        _disk("388-0.4x600"),
        interval="3m",
        silent=("10h", "12h"),
    ),
    Scenario(
        "A disk that fills up fast and is half empty is not reported",
        "HostDiskFilling",
        _disk("980-2x220"),
        interval="3m",
        silent=("11h",),
    ),
    Scenario(
        "A disk that is a quarter free and full in 18 hours is reported",
        "HostDiskFilling",
        _disk("380-0.7x240"),
        interval="3m",
        fires=Fires(
            "10h",
            _DISK_LABELS | {"severity": "ticket"},
            "/ of instance-b:9100 fills up",
            "24% of / (/dev/xvda1) is free, and as fast as it went in the last six hours "
            "it will be full within a day.",
        ),
    ),
    Scenario(
        "A disk that is nearly full for five minutes pages",
        "HostDiskFull",
        _disk("80x5 40x20"),
        silent=("3m", "9m"),
        fires=Fires(
            "12m",
            _DISK_LABELS | {"severity": "page"},
            "/ of instance-b:9100 is nearly full",
            "Only 4% of / (/dev/xvda1) is free; deployments fail, "
            "and on Instance_B Prometheus stops to record.",
        ),
    ),
    Scenario(
        "Read-only and temporary file systems are ignored",
        "HostDiskFull",
        {
            series.replace('fstype="ext4"', 'fstype="squashfs"'): values
            for series, values in _disk("0x60").items()
        },
        silent=("60m",),
    ),
    Scenario(
        "Memory that is short for a quarter of an hour is reported",
        "HostMemoryLow",
        _memory("120x5 80x40"),
        silent=("3m", "18m"),
        fires=Fires(
            "21m",
            {"job": "node_exporter", "instance": "instance-b:9100", "severity": "ticket"},
            "instance-b:9100 is short of memory",
            "Only 8% of the memory of instance-b:9100 is available; at none the kernel kills a process.",
        ),
    ),
    Scenario(
        "A short dip is not",
        "HostMemoryLow",
        _memory("120x5 80x8 120x40"),
        silent=("12m", "21m", "39m"),
    ),
)
