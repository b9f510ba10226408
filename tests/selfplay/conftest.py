"""Torch on one thread: its threads wait for each other in every operation, and tests share the machine."""

import contextlib


def pytest_configure() -> None:
    with contextlib.suppress(ModuleNotFoundError):
        import torch

        torch.set_num_threads(1)
