"""SGF in and out: round trips, and the ways in which files are a little wrong."""

import math

import numpy as np
import pytest

from ponnuki.engine.coords import BLACK, WHITE
from ponnuki.engine.errors import RecordError
from ponnuki.engine.rules import HandicapBonus, Ko, Rules, Scoring
from ponnuki.records.format import (
    ENDING_COUNTED,
    ENDING_RESIGNED,
    ENDING_UNKNOWN,
    TARGET_NONE,
    TARGET_PLAYED,
    policy_kind,
)
from ponnuki.records.games import GameRecord, ShardBuilder, read_game
from ponnuki.records.sgf import parse_sgf, to_sgf
from ponnuki.records.sgf_values import parse_komi, parse_result, parse_rules, rules_text
from tests.records.random_games import random_record


def parse(text: str) -> GameRecord:
    """The one game of an SGF text."""
    (record,) = parse_sgf(text.encode())
    return record


@pytest.mark.parametrize("seed", range(12))
def test_a_record_survives_sgf(seed: int) -> None:
    record = random_record(np.random.default_rng(seed), size=(5, 9, 19, 25)[seed % 4])
    again = parse(to_sgf(record, PB="Shūsaku", GN="with a ] and a \\").decode())
    assert sorted(again.setup) == sorted(record.setup)
    assert rules_text(again.rules) == rules_text(record.rules)
    for name in ("size", "komi", "moves", "first", "handicap"):
        assert getattr(again, name) == getattr(record, name), name
    if record.ending in (ENDING_COUNTED, ENDING_RESIGNED):
        assert (again.winner, again.ending) == (record.winner, record.ending)
        assert again.score_black == pytest.approx(record.score_black, nan_ok=True)
    else:
        assert (again.winner, again.ending) == (record.winner, ENDING_UNKNOWN)


def test_points_count_from_the_upper_left_corner() -> None:
    record = parse("(;SZ[9]KM[7];B[aa];W[ia];B[ai];W[cb])")
    assert record.moves == [0, 8, 72, 11]
    assert (record.size, record.komi, record.first) == (9, 7.0, BLACK)


@pytest.mark.parametrize(
    ("text", "komi"),
    [
        ("6.5", 6.5), ("7.50", 7.5), ("6,5", 6.5), ("375", 7.5), ("3.75", 7.5), ("2.75", 5.5), ("650", 6.5), ("0", 0),
        ("-5.5", -5.5), ("0.00", 0), ("7.5目", 7.5), (" 6.50 ", 6.5), ("", None), ("none", None), ("50", 50),
        (".5", 0.5), ("-.5", -0.5), ("100.0", 100), ("120.5", 120.5), ("-100.5", -100.5), ("1/2", 0.5), ("3 3/4", 7.5),
        ("-" + "1" * 40, -math.inf),
    ],
)  # fmt: skip
def test_komi_as_it_is_met(text: str, komi: float | None) -> None:
    assert parse_komi(text) == komi


@pytest.mark.parametrize(
    ("text", "winner", "ending", "score"),
    [
        ("B+3.5", 1, ENDING_COUNTED, 3.5), ("W+12", -1, ENDING_COUNTED, -12), ("W+0,5", -1, ENDING_COUNTED, -0.5),
        ("b + 2.5 moku", 1, ENDING_COUNTED, 2.5), ("B+3.75", 1, ENDING_COUNTED, 7.5),
        ("B+R", 1, ENDING_RESIGNED, math.nan), ("White+Resign", -1, ENDING_RESIGNED, math.nan),
        ("W+T", -1, ENDING_UNKNOWN, math.nan), ("B+Forfeit", 1, ENDING_UNKNOWN, math.nan),
        ("B+", 1, ENDING_UNKNOWN, math.nan), ("Draw", 0, ENDING_COUNTED, 0), ("0", 0, ENDING_COUNTED, 0),
        ("Jigo", 0, ENDING_COUNTED, 0), ("Void", 0, ENDING_UNKNOWN, math.nan), ("?", 0, ENDING_UNKNOWN, math.nan),
        ("B+.5", 1, ENDING_COUNTED, 0.5), ("W+3/4", -1, ENDING_COUNTED, -1.5), ("B+1 1/2", 1, ENDING_COUNTED, 1.5),
        ("B+" + "9" * 40, 1, ENDING_UNKNOWN, math.nan),
        ("", 0, ENDING_UNKNOWN, math.nan), ("Black wins", 0, ENDING_UNKNOWN, math.nan),
    ],
)  # fmt: skip
def test_results_as_they_are_met(text: str, winner: int, ending: int, score: float) -> None:
    result = parse_result(text)
    assert (result.winner, result.ending) == (winner, ending)
    assert result.score_black == pytest.approx(score, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Japanese", "japanese"), ("jp", "japanese"), ("Chinese rules", "chinese"), ("NZ", "new-zealand"), ("AGA", "aga"),
     ("GOE", "goe"), ("Tromp-Taylor", "tromp-taylor"), ("Korean", "korean"),
     ("Ing's SST", "ing"), ("Territory Scoring", "japanese"), ("Area scoring", "chinese"),
     ("New Zealand", "new-zealand")],
)  # fmt: skip
def test_rules_by_name(text: str, name: str) -> None:
    assert parse_rules(text) == Rules.preset(name)


@pytest.mark.parametrize("text", ["counting", "Beijing", "Nagasaki open", "Machine"])
def test_words_that_hold_a_rules_name_name_no_rules(text: str) -> None:
    assert parse_rules(text) is None


@pytest.mark.parametrize("komi", [100.0, 120.5, -100.5, 7.5, 0.0, -0.5])
def test_komi_of_any_size_survives_sgf(komi: float) -> None:
    assert parse_sgf(to_sgf(GameRecord(19, komi, Rules(), [0])))[0].komi == komi


def test_rules_without_a_name_are_written_as_katago_does() -> None:
    rules = Rules(Ko.SITUATIONAL, Scoring.TERRITORY, True, HandicapBonus.N_MINUS_ONE)
    assert rules_text(rules) == "koSITUATIONALscoreTERRITORYtaxNONEsui1whbN-1"
    assert parse_rules(rules_text(rules)) == rules
    assert parse_rules("koPOSITIONALscoreAREAtaxNONEsui0") == Rules()
    assert rules_text(Rules.preset("korean")) == "Japanese"
    assert parse_rules("checkers") is None


def test_rules_that_are_unknown_or_missing_are_the_default_ones() -> None:
    rules = Rules.preset("japanese")
    for text in (b"(;SZ[9];B[aa])", b"(;SZ[9]RU[house];B[aa])"):
        assert parse_sgf(text, rules)[0].rules == rules


@pytest.mark.parametrize("text", ["(;SZ[9];B[aa];W[];B[bb])", "(;SZ[9];B[aa];W[tt];B[bb])", "(;SZ[9];B[aa];B[bb])"])
def test_passes(text: str) -> None:
    assert parse(text).moves == [0, 81, 10]


def test_tt_is_a_point_on_boards_beyond_19x19() -> None:
    assert parse("(;SZ[25];B[tt])").moves == [19 * 25 + 19]


def test_setup_stones_may_be_many_compressed_and_taken_off_again() -> None:
    record = parse("(;SZ[9]PL[W]AB[aa:cb][ii]AW[ee];AE[ba]AW[];W[dd])")
    black = {point for colour, point in record.setup if colour == BLACK}
    assert black == {0, 2, 9, 10, 11, 80}
    assert [point for colour, point in record.setup if colour == WHITE] == [40]
    assert (record.first, record.moves) == (WHITE, [30])
    assert sorted(parse("(;SZ[9]AB[cc:aa])").setup) == sorted(parse("(;SZ[9]AB[aa:cc])").setup)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("(;SZ[9]AB[cc][gg])", WHITE),
        ("(;SZ[9]AB[cc]AW[gg])", BLACK),
        ("(;SZ[9]AB[cc]PL[B])", BLACK),
        ("(;SZ[9]PL[W])", WHITE),
        ("(;SZ[9]AB[cc]PL[W];B[dd])", BLACK),
    ],
)
def test_who_plays_first(text: str, first: int) -> None:
    assert parse(text).first == first


def test_handicap_written_as_moves_becomes_setup() -> None:
    record = parse("(;SZ[9]HA[2]KM[0.5];B[cc];B[gg];W[ee])")
    assert record.setup == [(BLACK, 20), (BLACK, 60)]
    assert (record.first, record.moves, record.handicap) == (WHITE, [40], 2)
    assert parse("(;SZ[9]HA[1];B[cc];W[gg])").moves == [20, 60]
    passing = parse("(;SZ[9]HA[2]KM[0.5];B[cc];W[];B[gg];W[ee])")
    assert (passing.setup, passing.moves) == ([(BLACK, 20), (BLACK, 60)], [40])
    placed = parse("(;SZ[9]HA[2]KM[0.5];W[ee];B[eg])")
    assert sorted(placed.setup) == [(BLACK, 2 * 9 + 6), (BLACK, 6 * 9 + 2)]
    assert placed.moves[0] == 40


def test_no_stones_are_invented_where_black_plays_on() -> None:
    record = parse("(;SZ[9]HA[2];B[cc];W[gg];B[cg])")
    assert (record.setup, record.moves) == ([], [20, 60, 56])


def test_nothing_is_learnt_from_a_pass_that_was_not_played() -> None:
    builder = ShardBuilder(9)
    builder.add(parse("(;SZ[9]RE[B+R];B[cc];B[gg];W[ee])"))
    shard = builder.build()
    assert shard.moves.tolist() == [20, 81, 60, 40]
    assert policy_kind(shard, slice(None)).tolist() == [TARGET_PLAYED, TARGET_NONE, TARGET_PLAYED, TARGET_PLAYED]
    assert shard.value_to_play is None
    assert shard.policy_len is None
    assert [label.policy_target for label in read_game(shard, 0).labels] == [2, 0, 2, 2]


def test_variations_comments_and_lower_case_names_are_passed_over() -> None:
    text = "\ufeffjunk (;GaMe[1]SiZe[9]Komi[5.5]C[a \\] b];B[aa](;W[bb];B[cc])(;W[dd]))"
    record = parse(text)
    assert (record.moves, record.size) == ([0, 10, 20], 9)


def test_a_collection_gives_all_its_games() -> None:
    records = parse_sgf(b"(;SZ[9];B[aa])\n\n(;SZ[13];B[aa];W[bb])")
    assert [(record.size, len(record.moves)) for record in records] == [(9, 1), (13, 2)]


@pytest.mark.parametrize(
    "cut", ["(;SZ[9];B[aa];W[bb]", "(;SZ[9];B[aa];W[bb", "(;SZ[9];B[aa](;W[bb]", "(;SZ[9];B[aa];W[bb];"]
)
def test_a_file_cut_short_gives_the_moves_it_has(cut: str) -> None:
    assert parse(cut).moves == [0, 10]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no SGF data found"),
        ("hello", "no SGF data found"),
        ("(;SZ[9:13];B[aa])", "board size '9:13'"),
        ("(;SZ[26];B[aa])", "board size 26: expected 2 to 25"),
        ("(;SZ[" + "9" * 5000 + "];B[aa])", "board size"),
        ("(;GM[2]SZ[8])", "not a game of Go"),
        ("(;SZ[9];B[jj])", "'jj' is no point of a 9x9 board"),
        ("(;SZ[9];B[a])", "'a' is no point"),
        ("(;SZ[9];B[aa];AW[bb])", "set up after move 1"),
        ("(;SZ[5]HA[4];W[aa])", "handicap without stones: 4 on 5x5"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(text: str, complaint: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse(text)
    assert complaint in str(caught.value)


def test_garbage_is_refused_and_never_crashes() -> None:
    rng = np.random.default_rng(0)
    sound = bytearray(to_sgf(random_record(rng, 9, moves=15)))
    for _ in range(300):
        data = bytearray(sound)
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(len(data))] = rng.integers(256)
        try:
            records = parse_sgf(bytes(data))
        except RecordError as error:
            assert "\n" not in str(error)  # noqa: PT017 - only some of the files are refused
        else:
            assert all(0 <= move <= record.size**2 for record in records for move in record.moves)
