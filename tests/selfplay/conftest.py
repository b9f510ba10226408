"""Torch on one thread: its threads wait for each other in every operation, and tests share the machine."""

import contextlib
from pathlib import Path

import pytest


def pytest_configure() -> None:
    with contextlib.suppress(ModuleNotFoundError):
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The float file of a tiny untrained net, `small`, for 5x5 and 7x7."""
    pytest.importorskip("torch")
    from ponnuki.selfplay import candidate
    from ponnuki.selfplay.run_folder import RunFolder
    from ponnuki.selfplay.run_settings import NetSettings

    folder = RunFolder(tmp_path_factory.mktemp("net"))
    candidate.first_net(folder, "small", NetSettings(net="tiny"), [5, 7], 1)
    return folder.playable("small", "float32")
