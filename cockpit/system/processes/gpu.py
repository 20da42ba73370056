"""The load of graphics processors, through `nvidia-ml-py` where it and a driver are there.

Some devices do not report every figure (machines with memory shared between CPU and GPU report no
GPU memory): such a field is None, "not supported", never 0.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cockpit.text import sanitize


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """The load of a device. `busy` is in percent, memory in bytes, `temperature` in °C, `power` in
    watts."""

    index: int
    name: str
    busy: int | None = None
    memory_total: int | None = None
    temperature: int | None = None
    power: float | None = None


@dataclass(frozen=True, slots=True)
class GpuReport:
    """All devices. `why` says why there is nothing to see; `memory_by_pid` is in bytes, None where
    the device does not tell how much."""

    devices: tuple[GpuLoad, ...] = ()
    memory_by_pid: dict[int, int | None] = field(default_factory=dict)
    why: str = ""


def read_gpus() -> GpuReport:
    """The present load of all devices. Blocking; never raises for a missing package, driver or
    figure."""
    try:
        nvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return GpuReport(why="nvidia-ml-py is not installed")
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return GpuReport(why=sanitize(f"the driver does not answer: {error}"))
    try:
        return _read(nvml)
    except nvml.NVMLError as error:
        return GpuReport(why=sanitize(f"the driver does not answer: {error}"))
    finally:
        nvml.nvmlShutdown()


def _read(nvml: Any) -> GpuReport:
    devices = []
    by_pid: dict[int, int | None] = {}
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        devices.append(_device(nvml, handle, index))
        running = _or_none(nvml, lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle))  # noqa: B023
        for process in running or ():
            before = by_pid.get(process.pid)
            used = process.usedGpuMemory
            by_pid[process.pid] = used if before is None else before + (used or 0)
    return GpuReport(tuple(devices), by_pid)


def _device(nvml: Any, handle: Any, index: int) -> GpuLoad:
    name = _or_none(nvml, lambda: nvml.nvmlDeviceGetName(handle))
    if isinstance(name, bytes):
        name = name.decode("utf-8", "replace")
    rates = _or_none(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    memory = _or_none(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    power = _or_none(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle))
    return GpuLoad(
        index=index,
        name=sanitize(str(name or f"GPU {index}")),
        busy=None if rates is None else rates.gpu,
        memory_total=None if memory is None else memory.total,
        temperature=_or_none(
            nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
        ),
        power=None if power is None else power / 1000,
    )


def _or_none(nvml: Any, read: Callable[[], Any]) -> Any:
    """The figure, or None where the device does not support it."""
    try:
        return read()
    except nvml.NVMLError:
        return None
