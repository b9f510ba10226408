"""Openings that were chosen: the first moves of SGF games, and a built-in balanced set for 9×9, 13×13 and 19×19.

A source is a word: ``random`` (see `openings`), ``balanced``, or the path of a folder with SGF files. The openings of a
set are shuffled by the match's seed; when all have been used, they are shuffled again and begin anew.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path

from ponnuki.arena.openings import Opening, canonical_form, default_opening_moves, opening_vertices, random_openings
from ponnuki.engine.coords import BLACK, parse_vertex
from ponnuki.engine.errors import ConfigError, PonnukiError, RecordError
from ponnuki.engine.game import Game
from ponnuki.records.games import GameRecord
from ponnuki.records.sgf import parse_sgf

RANDOM = "random"
BALANCED = "balanced"
BALANCED_SIZES = (9, 13, 19)


def choose_openings(
    source: str, size: int, count: int, moves: int | None, seed: int, taken: Sequence[int] = ()
) -> list[Opening]:
    """`count` openings of a source; a shorter list of the same seed is always the beginning of a longer one.

    Args:
        source: ``random``, ``balanced`` or a folder.
        size: board size N.
        count: how many.
        moves: length of each; None: what suits the board size. The balanced set has lengths of its own.
        seed: any int.
        taken: points of handicap stones; random openings alone go with them.

    Raises:
        ConfigError: the source has no openings for this size and length.
    """
    if source == RANDOM:
        return random_openings(size, count, default_opening_moves(size) if moves is None else moves, seed, taken)
    if taken:
        raise ConfigError("handicap stones go with random openings alone")
    known = opening_set(source, size, moves)
    chosen: list[Opening] = []
    lap = 0
    while len(chosen) < count:
        order = sorted(known)  # not as their files happen to be named
        random.Random(f"ponnuki openings {seed} {lap}").shuffle(order)
        chosen += order
        lap += 1
    return chosen[:count]


@lru_cache(maxsize=16)
def opening_set(source: str, size: int, moves: int | None) -> tuple[Opening, ...]:
    """All openings of ``balanced`` or of a folder, without doubles; arguments and errors as in `choose_openings`."""
    if source != BALANCED:
        return sgf_openings(Path(source), size, default_sgf_moves(size) if moves is None else moves)
    if moves is not None:
        raise ConfigError("the balanced openings have lengths of their own: leave the number of moves out")
    return balanced_openings(size)


def set_identity(source: str, size: int, moves: int | None) -> str | None:
    """What tells one set from another, wherever its files lie; None for random openings."""
    if source == RANDOM:
        return None
    known = opening_set(source, size, moves)
    digest = hashlib.sha256(repr(sorted(known)).encode()).hexdigest()[:12]
    return f"{len(known)} openings, {digest}"


def balanced_openings(size: int) -> tuple[Opening, ...]:
    """The built-in set of a board size; how it was made is said at the head of its file.

    Raises:
        ConfigError: there is none for this size.
    """
    if size not in BALANCED_SIZES:
        sizes = ", ".join(map(str, BALANCED_SIZES))
        raise ConfigError(f"there are balanced openings for sizes {sizes}, not {size}: take random ones or SGF files")
    text = (resources.files("ponnuki.arena") / f"balanced-{size}.txt").read_text("utf-8")
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return tuple(tuple(parse_vertex(word, size) for word in words) for words in lines if words)


def default_sgf_moves(size: int) -> int:
    """How many moves are taken of a game: even, so that Black moves next; 4 on 9×9, 8 on 19×19."""
    return 2 * (size // 4)


def sgf_openings(folder: Path, size: int, moves: int) -> tuple[Opening, ...]:
    """The first moves of each even game in a folder's SGF files (main lines, subfolders too), each opening once.

    Games of another size, with stones set up, with White first, with a pass or an illegal move among those moves, and
    files that are no SGF are passed over.

    Raises:
        ConfigError: no folder, or no game of use in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"openings {str(folder)!r}: expected {RANDOM}, {BALANCED} or a folder with SGF files")
    found: dict[Opening, Opening] = {}
    for record in _games(folder):
        opening = tuple(record.moves[:moves])
        if record.size == size and _is_opening(record, opening, moves):
            found.setdefault(canonical_form(opening, size), opening)
    if not found:
        raise ConfigError(f"openings {str(folder)!r}: no even {size}×{size} game with at least {moves} moves there")
    return tuple(found.values())


def _games(folder: Path) -> Iterator[GameRecord]:
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".sgf"):
        try:
            yield from parse_sgf(path.read_bytes())
        except (RecordError, OSError):
            continue


def _is_opening(record: GameRecord, opening: Opening, moves: int) -> bool:
    """Whether both sides just played so many legal moves, Black first."""
    if record.setup or record.first != BLACK or len(opening) < moves or record.size**2 in opening:
        return False
    game = Game(record.size)
    try:
        for move in opening:
            game.play(int(move))
    except PonnukiError:
        return False
    return True


def opening_line(opening: Opening, size: int) -> str:
    """An opening as a line of a set's file."""
    return " ".join(opening_vertices(opening, size))
