"""Files that appear whole or not at all."""

from pathlib import Path

import pytest

from ponnuki.records.replacing import replace_bytes, replacing


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "net.toml"
    replace_bytes(path, b"before")
    with replacing(path) as temporary:
        temporary.write_bytes(b"after")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert [*path.parent.iterdir()] == [path]


def write_half(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt


def test_what_goes_wrong_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    replace_bytes(path, b"before")
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    with pytest.raises(OSError, match=r"net\.toml"), replacing(path):
        pass  # nothing was written to be renamed
    assert path.read_bytes() == b"before"
    assert [*tmp_path.iterdir()] == [path]
