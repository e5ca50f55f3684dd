"""The dashboard `hosts`: utilisation, saturation and errors (Gregg's USE method) of each host's resources."""

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Panel, Query, Row, job_and_instance
from workshop_monitoring.promql import rate, select

DEVICES = 'device!~"(loop|ram|sr|fd|dm-).*"'
INTERFACES = 'device!~"lo|(veth|br-|docker).*"'
FILE_SYSTEMS = 'fstype!~"(dev)?tmpfs|ramfs|squashfs|iso9660"'
IDLE = 'mode="idle"'


def by_instance(expression: str) -> str:
    """Sum for each host."""
    return f"sum by (instance) ({expression})"


def both_ways(counter: str) -> str:
    """Sum for each host of what its interfaces received and sent."""
    received, sent = (
        rate(f"node_network_{way}_{counter}_total", INTERFACES) for way in ("receive", "transmit")
    )
    return by_instance(f"{received} + {sent}")


CPU_UTILISATION = Panel(
    "CPU utilisation",
    "Share of the time in which the cores were not idle.",
    units.PercentUnit,
    (Query("{{instance}}", f"1 - avg by (instance) ({rate('node_cpu_seconds_total', IDLE)})"),),
    maximum=1,
)

CPU_SATURATION = Panel(
    "CPU saturation",
    "Load average of a minute for each core; above 1 processes wait for a core (or for a disk).",
    units.Short,
    (
        Query(
            "{{instance}}",
            f"{by_instance(select('node_load1'))} "
            f"/ count by (instance) ({rate('node_cpu_seconds_total', IDLE)})",
        ),
    ),
)

CPU_ERRORS = Panel(
    "CPU errors",
    "Times per second that a core was slowed down because it was too hot.",
    units.CountsPerSecond,
    (
        Query(
            "{{instance}}",
            by_instance(rate("node_cpu_core_throttles_total")),
            may_be_empty="virtual machines do not report it",
        ),
    ),
)

MEMORY_UTILISATION = Panel(
    "Memory utilisation",
    "Share of the memory that is not available to programs; caches count as available.",
    units.PercentUnit,
    (
        Query(
            "{{instance}}",
            f"1 - {by_instance(select('node_memory_MemAvailable_bytes'))} "
            f"/ {by_instance(select('node_memory_MemTotal_bytes'))}",
        ),
    ),
    maximum=1,
)

MEMORY_SATURATION = Panel(
    "Memory saturation",
    "Pages per second that had to be read from disk because memory did not hold them (major faults).",
    units.CountsPerSecond,
    (Query("{{instance}}", by_instance(rate("node_vmstat_pgmajfault"))),),
)

MEMORY_ERRORS = Panel(
    "Memory errors",
    "Processes per second that the kernel killed because memory had run out.",
    units.CountsPerSecond,
    (Query("{{instance}}", by_instance(rate("node_vmstat_oom_kill"))),),
)

DISK_UTILISATION = Panel(
    "Disk utilisation",
    "Share of the time in which a disk was busy.",
    units.PercentUnit,
    (
        Query(
            "{{instance}} {{device}}",
            f"sum by (instance, device) ({rate('node_disk_io_time_seconds_total', DEVICES)})",
        ),
    ),
    maximum=1,
    width=6,
)

DISK_SATURATION = Panel(
    "Disk saturation",
    "Mean number of requests that a disk had in hand or in its queue.",
    units.Short,
    (
        Query(
            "{{instance}} {{device}}",
            f"sum by (instance, device) ({rate('node_disk_io_time_weighted_seconds_total', DEVICES)})",
        ),
    ),
    width=6,
)

DISK_ERRORS = Panel(
    "Disk errors",
    "File systems that cannot be read, or that the kernel made read-only.",
    units.Short,
    (
        Query("{{instance}} unreadable", by_instance(select("node_filesystem_device_error", FILE_SYSTEMS))),
        Query("{{instance}} read-only", by_instance(select("node_filesystem_readonly", FILE_SYSTEMS))),
    ),
    width=6,
)

DISK_SPACE = Panel(
    "Disk space used",
    "Share of each file system that is used, as far as ordinary users may use it.",
    units.PercentUnit,
    (
        Query(
            "{{instance}} {{device}}",
            "1 - max by (instance, device) ("
            f"{select('node_filesystem_avail_bytes', FILE_SYSTEMS)} "
            f"/ {select('node_filesystem_size_bytes', FILE_SYSTEMS)})",
        ),
    ),
    maximum=1,
    width=6,
)

NETWORK_UTILISATION = Panel(
    "Network traffic",
    "Bytes per second received and sent, by host; the loopback and containers' interfaces are left out.",
    units.BytesPerSecondSI,
    (Query("{{instance}}", both_ways("bytes")),),
)

NETWORK_SATURATION = Panel(
    "Network saturation",
    "Packets per second that were dropped because a queue was full.",
    units.PacketsPerSecond,
    (Query("{{instance}}", both_ways("drop")),),
)

NETWORK_ERRORS = Panel(
    "Network errors",
    "Packets per second that an interface could not receive or send.",
    units.PacketsPerSecond,
    (Query("{{instance}}", both_ways("errs")),),
)


def pressure(name: str, resource: str, what: str) -> Panel:
    """Share of time in which tasks waited for a resource (PSI)."""
    return Panel(
        f"{name} pressure",
        f"Share of the time in which at least one task waited for {what} (the kernel's PSI).",
        units.PercentUnit,
        (
            Query(
                "{{instance}}",
                by_instance(rate(f"node_pressure_{resource}_waiting_seconds_total")),
                may_be_empty="the host's kernel does not measure pressure (PSI)",
            ),
        ),
    )


BOARD = Board(
    uid="hosts",
    title="Hosts",
    description="Which resource of a host is busy, which is too busy, and which fails?",
    variables=job_and_instance("node_uname_info", job="node_exporter"),
    rows=(
        Row("CPU", (CPU_UTILISATION, CPU_SATURATION, CPU_ERRORS)),
        Row("Memory", (MEMORY_UTILISATION, MEMORY_SATURATION, MEMORY_ERRORS)),
        Row("Disk", (DISK_UTILISATION, DISK_SATURATION, DISK_ERRORS, DISK_SPACE)),
        Row("Network", (NETWORK_UTILISATION, NETWORK_SATURATION, NETWORK_ERRORS)),
        Row(
            "Pressure",
            (
                pressure("CPU", "cpu", "a core"),
                pressure("Memory", "memory", "memory"),
                pressure("Disk", "io", "a disk"),
            ),
        ),
    ),
)
