"""The kind `disk`: how full the disk under a folder is."""

from cockpit.kinds.kind import Kind

KIND = Kind(
    name="disk",
    summary="disks and how full they may be",
    table="disk_kind.table:DiskTable",
    build="disk_kind.probe:build",
    facts="disk_kind.facts",
    priority=80,
    heading="Disks: how full they may be.",
    example="""\
[[disk]]
name = "data disk"
folder = "."
fail_above = 95                    # percent of the disk that may be used
""",
)
