"""Frozen settings out of tables, and the TOML files that hold them."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from ponnuki.engine.errors import ConfigError
from ponnuki.records.replacing import replace_bytes

Settings = TypeVar("Settings")


def require(condition: bool, message: str) -> None:
    """Raise ConfigError with the message where the condition does not hold."""
    if not condition:
        raise ConfigError(message)


def settings_from(kind: type[Settings], table: Mapping[str, Any], where: str) -> Settings:
    """Settings of a kind, a dataclass, from a table; what is left out keeps its default.

    Raises:
        ConfigError: an unknown name, a missing one, a value of another type or out of range, with `where` it stood.
    """
    require(isinstance(table, Mapping), f"{where}: {table!r} is no table of settings")
    fields = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in table.items():
        require(name in fields, f"{where}: unknown setting {name!r}; known are {', '.join(fields)}")
        values[name] = _fitting(value, _example(fields[name]), f"{where}: {name}")
    for name, item in fields.items():
        require(name in values or _default(item) is not dataclasses.MISSING, f"{where}: {name} is missing")
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def to_table(settings: Any) -> dict[str, Any]:
    """The settings as a table, all of them; the inverse of `settings_from`."""
    table = {item.name: getattr(settings, item.name) for item in dataclasses.fields(settings)}
    return {
        name: {str(key): share for key, share in value.items()} if isinstance(value, Mapping) else value
        for name, value in table.items()
    }


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; ConfigError names the file where it is missing or no TOML."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from None


def write_toml(path: Path, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Write tables to a file, whole or not at all."""
    import tomli_w  # of the extra `train`: playing writes none

    replace_bytes(path, tomli_w.dumps(tables).encode())


def _default(item: dataclasses.Field[Any]) -> Any:
    """A field's default, MISSING if it has none."""
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return item.default


def _example(item: dataclasses.Field[Any]) -> Any:
    """A value of the field's type: its default, or one made up for a plain type; MISSING for others."""
    default = _default(item)
    made_up = {"int": 0, "float": 0.0, "str": ""}
    return made_up.get(str(item.type), default) if default is dataclasses.MISSING else default


def _fitting(value: Any, default: Any, where: str) -> Any:
    """A value of the type of the default, if there is one; whole numbers do for fractions."""
    if default is dataclasses.MISSING:
        return value
    kinds: dict[type, tuple[type | tuple[type, ...], str]] = {
        bool: (bool, "true or false"), int: (int, "a whole number"), float: ((int, float), "a number"),
        str: (str, "text"), dict: (dict, "a table of numbers"), tuple: (list, "a list"),
    }  # fmt: skip
    accepted, said = kinds[type(default)]
    right = isinstance(value, accepted) and (isinstance(default, bool) or not isinstance(value, bool))
    if right and isinstance(value, dict):
        right = all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in value.values())
        right = right and all(str(key).isdigit() for key in value) == all(str(key).isdigit() for key in default)
    require(right, f"{where} is {value!r}: expected {said}")
    if isinstance(default, float):
        require(math.isfinite(value), f"{where} is {value!r}: expected a finite number")
        return float(value)
    return tuple(value) if isinstance(default, tuple) else value
