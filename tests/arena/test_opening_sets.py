"""Openings from SGF folders and the built-in balanced sets."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from ponnuki.arena.match import MatchSettings
from ponnuki.arena.opening_sets import BALANCED_SIZES, balanced_openings, choose_openings, opening_set, sgf_openings
from ponnuki.arena.openings import canonical_form, opening_vertices
from ponnuki.engine.errors import ConfigError
from ponnuki.engine.game import Game


def images(opening: tuple[int, ...], size: int) -> set[tuple[frozenset[int], frozenset[int]]]:
    """Black's and White's points in all eight symmetries."""
    found = set()
    for flip in (False, True):
        points = [divmod(point, size) for point in opening]
        if flip:
            points = [(row, size - 1 - col) for row, col in points]
        for _ in range(4):
            points = [(col, size - 1 - row) for row, col in points]
            flat = [row * size + col for row, col in points]
            found.add((frozenset(flat[0::2]), frozenset(flat[1::2])))
    return found


@pytest.mark.parametrize("size", BALANCED_SIZES)
def test_balanced_openings_are_many_legal_and_different_up_to_symmetry(size: int) -> None:
    openings = balanced_openings(size)
    assert len(openings) >= 40
    for opening in openings:
        game = Game(size, 7.5)
        for move in opening:
            assert move != game.pass_move
            game.play(move)
        assert len(opening) % 2 == 0, "Black is to play"
    stones = [(frozenset(opening[0::2]), frozenset(opening[1::2])) for opening in openings]
    assert not any(mine in images(other, size) for mine, other in combinations_with(stones, openings))


def combinations_with(stones: list, openings: tuple) -> list:
    """Each opening's stones with every later opening."""
    return [(stones[i], openings[j]) for i, j in combinations(range(len(openings)), 2)]


@pytest.mark.parametrize("size", BALANCED_SIZES)
def test_a_balanced_set_says_how_it_was_made_and_what_the_judges_said(size: int) -> None:
    path = Path(__file__).resolve().parents[2] / "arena" / f"balanced-{size}.txt"
    head, *lines = path.read_text("utf-8").split("\n", 4)
    assert head.startswith(f"# {size}×{size}, Black to play, komi 7.5")
    assert all("# GNU Go " in line for line in lines[-1].splitlines())


def test_canonical_forms_agree_with_the_eight_images() -> None:
    opening = (20, 30, 41, 60)
    for black, white in images(opening, 9):
        mirrored = tuple(point for pair in zip(sorted(black), sorted(white), strict=True) for point in pair)
        assert canonical_form(mirrored, 9) == canonical_form(opening, 9)
    assert canonical_form((20, 30, 41, 61), 9) != canonical_form(opening, 9)


def write(folder: Path, name: str, moves: str, root: str = "") -> None:
    nodes = "".join(f";{'BW'[i % 2]}[{move}]" for i, move in enumerate(moves.split()))
    (folder / name).write_text(f"(;GM[1]SZ[9]{root}{nodes})", "utf-8")


def test_the_first_moves_of_even_games_each_once(tmp_path: Path) -> None:
    write(tmp_path, "a.sgf", "ee cc gg cg gc")
    write(tmp_path, "mirror.sgf", "ee gc cg gg cc", "C[the same, mirrored]")
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper", "B.SGF", "cd gf ce gd")
    write(tmp_path, "handicap.sgf", "ee cc gg cg", "HA[2]AB[cg][gc]PL[W]")
    write(tmp_path, "other-size.sgf", "ee cc gg cg", "SZ[13]")
    write(tmp_path, "short.sgf", "ee cc gg")
    write(tmp_path, "passes.sgf", "ee cc  cg gg".replace("  ", " tt "))
    write(tmp_path, "illegal.sgf", "ee cc ee gg")
    (tmp_path / "white-first.sgf").write_text("(;SZ[9]PL[W];W[ee];B[cc];W[gg];B[cg])", "utf-8")
    (tmp_path / "noise.sgf").write_bytes(b"\xff not SGF")
    (tmp_path / "notes.txt").write_text("(;SZ[9];B[aa];W[bb];B[cc];W[dd])", "utf-8")
    found = [opening_vertices(opening, 9) for opening in sgf_openings(tmp_path, 9, 4)]
    assert found == [["E5", "C7", "G3", "C3"], ["C6", "G4", "C5", "G6"]]
    with pytest.raises(ConfigError, match="no even 9×9 game with at least 6 moves there"):
        sgf_openings(tmp_path, 9, 6)


def test_a_set_is_shuffled_by_seed_and_begins_again_when_used_up(tmp_path: Path) -> None:
    for number, moves in enumerate(("ee cc", "dd ff", "cd gf", "ce gd", "ee cd")):
        write(tmp_path, f"{number}.sgf", moves)
    known = set(opening_set(str(tmp_path), 9, 2))
    assert len(known) == 5
    chosen = choose_openings(str(tmp_path), 9, 12, 2, seed=1)
    assert set(chosen[:5]) == set(chosen[5:10]) == known
    assert chosen[:7] == choose_openings(str(tmp_path), 9, 7, 2, seed=1)
    assert any(choose_openings(str(tmp_path), 9, 5, 2, seed=seed) != chosen[:5] for seed in range(2, 6))


def test_the_order_of_a_set_is_not_that_of_its_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, names in ((one, "abcde"), (other, "cebad")):
        folder.mkdir()
        for name, moves in zip(names, ("ee cc", "dd ff", "cd gf", "ce gd", "ee cd"), strict=True):
            write(folder, f"{name}.sgf", moves)
    assert choose_openings(str(one), 9, 7, 2, seed=1) == choose_openings(str(other), 9, 7, 2, seed=1)


def test_a_match_knows_its_set_again_by_its_openings(tmp_path: Path) -> None:
    def identity(source: str, moves: int | None = None) -> object:
        return MatchSettings(games=2, opening_source=source, opening_moves=moves).identity()["opening_set"]

    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    for folder, moves in ((one, "ee cc gg cg"), (same, "ee cc gg cg"), (other, "ee cc gg gd")):
        folder.mkdir()
        write(folder, "game.sgf", moves)
    assert identity("random") is None
    assert identity(str(one)) == identity(str(same)) != identity(str(other))
    assert identity("balanced") not in (None, identity(str(one)))
    assert identity(str(one), 2) == identity(str(other), 2)


def test_balanced_openings_have_their_own_lengths() -> None:
    with pytest.raises(ConfigError, match="lengths of their own"):
        choose_openings("balanced", 9, 4, 6, seed=0)
    assert choose_openings("balanced", 9, 4, None, seed=0) != choose_openings("balanced", 9, 4, None, seed=1)
