"""GPU figures through a stand-in for the optional package: figures, gaps, no package, no driver."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from cockpit.system.processes.gpu import read_gpus


class NVMLError(Exception):
    pass


def refuse(*_: object) -> None:
    raise NVMLError("Not Supported")


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    closed: list[bool] = []
    made = SimpleNamespace(
        NVMLError=NVMLError,
        NVML_TEMPERATURE_GPU=0,
        closed=closed,
        nvmlInit=lambda: None,
        nvmlShutdown=lambda: closed.append(True),
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda handle: b"GB\x1b[2J10" if handle else "A100",
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=42, memory=1),
        nvmlDeviceGetMemoryInfo=lambda h: refuse() if h else SimpleNamespace(used=5, total=9),
        nvmlDeviceGetTemperature=lambda handle, kind: 61,
        nvmlDeviceGetPowerUsage=lambda handle: 12500,
        nvmlDeviceGetComputeRunningProcesses=lambda handle: [
            SimpleNamespace(pid=7, usedGpuMemory=None if handle else 100)
        ],
    )
    monkeypatch.setitem(sys.modules, "pynvml", made)
    return made


def test_every_figure_and_what_is_not_supported(nvml: SimpleNamespace) -> None:
    report = read_gpus()
    first, second = report.devices
    assert (first.name, first.busy, first.temperature, first.power) == ("A100", 42, 61, 12.5)
    assert first.memory_total == 9
    assert (second.name, second.memory_total) == ("GB10", None)
    assert report.memory_by_pid == {7: 100}
    assert nvml.closed == [True]


def test_no_driver(nvml: SimpleNamespace) -> None:
    nvml.nvmlInit = refuse
    assert "driver" in read_gpus().why


def test_a_driver_that_goes_away(nvml: SimpleNamespace) -> None:
    nvml.nvmlDeviceGetCount = refuse
    assert "driver" in read_gpus().why
    assert nvml.closed == [True]


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert read_gpus().why == "nvidia-ml-py is not installed"
