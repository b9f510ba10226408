"""Nets and checkpoints on disk: a damaged one is refused by name."""

import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch (the extra `train`)")

from ponnuki.engine.errors import WeightsError  # noqa: E402
from ponnuki.nets.checkpoint import load_checkpoint, load_net, save_checkpoint, save_net  # noqa: E402
from ponnuki.nets.config import BlockConfig  # noqa: E402
from tests.nets.small import small_config, small_net  # noqa: E402


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    net = small_net(small_config((BlockConfig("fused", 16, 1.5),)))
    save_net(tmp_path / "a", net.config, net.state_dict(), {})
    return tmp_path / "a"


def test_missing_files_are_named(stem: Path) -> None:
    stem.with_suffix(".safetensors").unlink()
    with pytest.raises(WeightsError, match=r"a\.safetensors: no such file"):
        load_net(stem)
    stem.with_suffix(".toml").unlink()
    with pytest.raises(WeightsError, match=r"a\.toml: no such file"):
        load_net(stem)


def test_damage_is_named(stem: Path) -> None:
    weights = stem.with_suffix(".safetensors")
    weights.write_bytes(weights.read_bytes()[:-5])
    with pytest.raises(WeightsError, match=r"a\.safetensors: damaged"):
        load_net(stem)


def test_weights_of_another_net_are_named(stem: Path) -> None:
    description = stem.with_suffix(".toml")
    description.write_text(description.read_text().replace("stem_channels = 16", "stem_channels = 24"))
    with pytest.raises(WeightsError, match=r"a\.safetensors: .*not what a\.toml describes"):
        load_net(stem)


@pytest.mark.parametrize(("old", "new"), [
    (r"(?s).*", "[net]\nplanes = 12\n"),
    (r"(?s).*", "net = 3\n"),
    (r"(?s)blocks = \[.*\n\]", "blocks = 3"),
    (r"(?s)blocks = \[.*\n\]", "blocks = [1, 2]"),
    (r"planes = \d+", 'planes = "14"'),
    (r"alpha = 1.0", "alpha = inf"),
    (r"(?s)\[training\].*", ""),
])  # fmt: skip
def test_a_bad_description_is_named(stem: Path, old: str, new: str) -> None:
    description = stem.with_suffix(".toml")
    changed, count = re.subn(old, new, description.read_text(), count=1)
    assert count == 1
    description.write_text(changed if "training" not in old else f"training = 3\n{changed}")
    with pytest.raises(WeightsError, match=r"a\.toml: "):
        load_net(stem)


@pytest.mark.parametrize("suffix", [".toml", ".safetensors"])
def test_a_folder_in_the_place_of_a_file_is_named(stem: Path, suffix: str) -> None:
    stem.with_suffix(suffix).unlink()
    stem.with_suffix(suffix).mkdir()
    with pytest.raises(WeightsError, match=rf"a\{suffix}: "):
        load_net(stem)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"weight": torch.ones(1000), "step": 4})
    assert load_checkpoint(path, torch.device("cpu"))["step"] == 4
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:-30], b"", b"hello"):
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match=r"checkpoint\.pt: damaged checkpoint"):
            load_checkpoint(path, torch.device("cpu"))
