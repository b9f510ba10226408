"""The description of a network: checked on construction, the same after a way through TOML."""

import dataclasses
from pathlib import Path

import pytest

from ponnuki.engine.errors import ConfigError
from ponnuki.nets.config import PRESETS, BlockConfig, NetConfig, preset
from ponnuki.nets.tables import read_toml, write_toml

COUNTS = {"planes": 12, "globals": 9, "feature_version": 1}


@pytest.mark.parametrize("name", PRESETS)
def test_a_config_survives_toml(name: str, tmp_path: Path) -> None:
    config = preset(name, **COUNTS, alpha=0.75)
    write_toml(tmp_path / "net.toml", {"net": config.to_table(), "training": {"data": 'a "quoted" name\n', "steps": 3}})
    tables = read_toml(tmp_path / "net.toml")
    assert NetConfig.from_table(tables["net"]) == config
    assert tables["training"] == {"data": 'a "quoted" name\n', "steps": 3}


def test_toml_keys_with_spaces_are_quoted(tmp_path: Path) -> None:
    table = {"9x9 labelled": {"top1": 0.5}, "sizes": [9, 13], "flag": True}
    write_toml(tmp_path / "a.toml", {"validation": table})
    assert read_toml(tmp_path / "a.toml") == {"validation": table}


def test_depth_and_width_of_a_preset() -> None:
    config = preset("fused-8x64", **COUNTS, alpha=0.5, depth=5)
    assert config.architecture == "fused-5x32-48"
    assert [block.gpool for block in config.blocks] == [False, False, True, False, False]
    with pytest.raises(ConfigError, match="depth 0"):
        preset("tiny", **COUNTS, depth=0)


def test_the_hash_tells_configs_apart() -> None:
    config = preset("tiny", **COUNTS)
    assert config.sha256() == preset("tiny", **COUNTS).sha256()
    assert config.sha256() != dataclasses.replace(config, activation="hardswish").sha256()


@pytest.mark.parametrize(
    ("alpha", "channels", "width"), [(1.0, 64, 64), (0.5, 64, 32), (0.75, 64, 48), (0.01, 64, 8), (1.3, 64, 80)]
)
def test_widths_are_multiples_of_eight(alpha: float, channels: int, width: int) -> None:
    assert preset("tiny", **COUNTS, alpha=alpha).width(channels) == width


def test_architecture_names_runs_of_blocks() -> None:
    blocks = (*[BlockConfig("fused", 64, 1.5)] * 3, BlockConfig("convnext", 64, 4.0, kernel=7))
    assert NetConfig(**COUNTS, blocks=blocks).architecture == "fused-3x64-96+convnext-1x64-256"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"activation": "gelu"}, "'gelu': accepted are relu, hardswish"),
        ({"heads": "linear"}, "'linear': accepted are pooled, dense"),
        ({"alpha": 0.0}, "alpha 0.0"),
        ({"planes": 0}, "planes 0"),
        ({"blocks": []}, "at least one"),
        ({"colour": 1}, "unknown setting 'colour'"),
        ({"blocks": [{"kind": "dense"}]}, "'dense': accepted are fused, residual"),
        ({"blocks": [{"kernel": 4}]}, "kernel 4: must be odd"),
    ],
)
def test_wrong_settings_are_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        NetConfig.from_table({**preset("tiny", **COUNTS).to_table(), **change})


def test_a_missing_setting_is_named() -> None:
    table = preset("tiny", **COUNTS).to_table()
    del table["feature_version"]
    with pytest.raises(ConfigError, match="feature_version"):
        NetConfig.from_table(table)


def test_unknown_presets_list_the_known() -> None:
    with pytest.raises(ConfigError, match=r"'huge': accepted are watch, phone, laptop, .* or a TOML file"):
        preset("huge", **COUNTS)


def test_unreadable_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.toml: no such file"):
        read_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[net\n")
    with pytest.raises(ConfigError, match=r"bad.toml: not a TOML file"):
        read_toml(tmp_path / "bad.toml")
