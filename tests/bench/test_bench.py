"""What the benchmark reports, without holding any speed to a bar."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ponnuki import weights
from ponnuki.arena.failures import EngineFailure
from ponnuki.bench import latency, run, selfplay, startup, timing
from ponnuki.bench.kernels import MadeUpEvaluator, measure_kernels, write_many
from ponnuki.bench.positions import PROGRESS, mid_games
from ponnuki.bench.raw import RawSpeed, RawWay, efficiency, precisions
from ponnuki.bench.report import LABELS, formatted, print_table
from ponnuki.bench.rollouts import measure_rollouts
from ponnuki.bench.search import CountingEvaluator, measure_search, search_for
from ponnuki.bench.selfplay import measure_selfplay
from ponnuki.bench.sessions import BEFOREHAND, measure_sessions
from ponnuki.cli.bench import PARTS
from ponnuki.engine.board import new_board
from ponnuki.engine.config import PlayerSettings
from ponnuki.engine.errors import PonnukiError
from ponnuki.engine.evaluator import NET_INPUTS, Evaluation, LeafBatch
from ponnuki.engine.game import Game
from ponnuki.engine.ladder import new_reading
from ponnuki.engine.search import Search

SHIPPED = weights.path_of()


def clock(step: float) -> Callable[[], float]:
    """A clock that goes on by `step` at each look."""
    now = -step

    def look() -> float:
        nonlocal now
        now += step
        return now

    return look


def test_rate_is_units_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing.time, "perf_counter", clock(0.25))
    calls = []
    assert timing.rate(lambda: calls.append(1) or 3, seconds=1.0) == 12.0
    assert len(calls) == 4


def test_rollouts_are_whole_games() -> None:
    result = measure_rollouts(5, 0.01)
    assert set(result) == {"rollouts_per_s", "rollout_moves", "heavy_rollouts_per_s"}
    assert 20 < result["rollout_moves"] < 75
    assert result["rollouts_per_s"] > 0


def test_mid_games_are_varied_legal_and_repeatable() -> None:
    first, second = (mid_games(MadeUpEvaluator(7), 7, 2) for _ in range(2))
    assert [game.moves for game in first] == [game.moves for game in second]
    assert first[0].moves != first[1].moves
    assert all(len(game.moves) == int(PROGRESS * 49) for game in first)


def test_kernel_costs_are_measured_on_what_they_name() -> None:
    result = measure_kernels(mid_games(MadeUpEvaluator(5), 5, 1), batch_size=4)
    assert set(result) == {"select_us", "planes_us", "backup_us"}
    assert all(value > 0 for value in result.values())


def test_planes_are_really_written() -> None:
    planes = np.full((NET_INPUTS.planes, 5, 5), np.nan, np.float32)
    globals_out = np.full(NET_INPUTS.globals, np.nan, np.float32)
    write_many(new_board(5), np.ones(26, np.uint8), 3, new_reading(5), planes, globals_out)
    assert np.isfinite(planes).all()
    assert np.isfinite(globals_out).all()


def test_only_playouts_that_need_an_evaluation_are_counted() -> None:
    """Black has passed, so that every second playout ends in a finished game."""
    game = Game(2)
    game.play(game.pass_move)
    counting = CountingEvaluator(MadeUpEvaluator(2))
    search = search_for(game, counting, PlayerSettings(), 0.05)
    assert 0 < counting.evaluations < search.playouts


def test_the_other_precision_of_a_net_is_found_beside_it(tmp_path: Path) -> None:
    one, other, alone = (tmp_path / name for name in ("net.onnx", "net-int8.onnx", "lone-int8.onnx"))
    for path in (one, other, alone):
        path.touch()
    assert precisions(one) == precisions(other) == {"float": one, "int8": other}
    assert precisions(alone) == {"int8": alone}


def test_training_is_measured_where_it_is_installed() -> None:
    pytest.importorskip("torch", reason="training needs torch")
    pytest.importorskip("tensorboard", reason="training needs tensorboard")
    from ponnuki.bench.training import made_up_batch, measure_training

    assert made_up_batch(3, 5).policy_target.sum(axis=1).tolist() == [1, 1, 1]
    measured = measure_training(3, 0.0)
    assert measured["train_positions_per_s"] > 0
    assert measured["train_bfloat16_ratio"] > 0
    assert set(measured) <= set(LABELS)


@pytest.mark.skipif(SHIPPED is None, reason="no net is shipped")
def test_ways_of_setting_up_sessions_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert SHIPPED is not None
    ways = measure_sessions(SHIPPED, mid_games(MadeUpEvaluator(5), 5, 1), 1, 0.0)["sessions"]
    assert {"as it is", BEFOREHAND} <= set(ways)
    assert all(way["evals_per_s"] > 0 and way["open_ms"] > 0 for way in ways.values())
    print_table({"size": 5, "weights": "w", "precision": "int8", "threads": 1, "sessions": ways})
    assert BEFOREHAND in capsys.readouterr().out


@pytest.mark.skipif(SHIPPED is None, reason="no net is shipped")
def test_self_play_is_measured_against_onnxruntime() -> None:
    assert SHIPPED is not None
    measured = measure_selfplay(SHIPPED, mid_games(MadeUpEvaluator(9), 9, 1), 1, 0.0)
    assert 0.05 < measured["selfplay_evaluator_share"] < 1.5
    assert measured["selfplay_positions_per_hour"] >= 0
    assert set(measured) <= set(LABELS)


@pytest.mark.skipif(SHIPPED is None, reason="no net is shipped")
def test_self_play_s_processes_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes with 150 evaluations and 3 positions to learn from in each half second."""
    assert SHIPPED is not None
    monkeypatch.setattr(RawSpeed, "best_way", lambda self, threads: RawWay(1, threads, 8))
    monkeypatch.setattr(RawSpeed, "measure", lambda self, way, seconds: 1000.0)
    monkeypatch.setattr(selfplay, "_all", lambda crew, method, *_: [(150, 3, 0.5)] * 2)
    measured = measure_selfplay(SHIPPED, mid_games(MadeUpEvaluator(9), 9, 1), 1, 0.0)
    assert measured["selfplay_evaluator_share"] == pytest.approx(0.6)
    assert measured["selfplay_positions_per_hour"] == pytest.approx(12 * 3600)


def test_start_up_tells_replies_apart_and_reads_the_memory() -> None:
    start = startup.start_engine(5, ["--playout", "rollout"], environment=None)
    assert 0 < start.first_reply_s <= start.first_genmove_s
    if start.rss_mb is not None:
        assert 10 < start.rss_mb < 4000


def test_an_engine_that_does_not_start_is_reported_with_its_own_words() -> None:
    with pytest.raises(EngineFailure, match="--threads: '0' is not accepted"):
        startup.start_engine(5, ["--threads", "0"], environment=None)


def test_latency_of_an_analysis() -> None:
    measured = latency.measure_latency(5, ["--playout", "rollout", "--max-tree-mb", "50"])
    assert set(measured) == {"first_line_ms", "first_line_worst_ms", "stop_ms", "stop_worst_ms", "analysis_lines_per_s"}
    assert 0 < measured["first_line_ms"] <= measured["first_line_worst_ms"]
    assert 0 < measured["stop_ms"] <= measured["stop_worst_ms"]
    assert 0 < measured["analysis_lines_per_s"] <= 110
    assert set(measured) <= set(LABELS)


def test_an_engine_that_ends_in_the_midst_of_an_analysis_is_reported() -> None:
    with pytest.raises(PonnukiError, match="--threads: '0' is not accepted"):
        latency.measure_latency(5, ["--threads", "0"])


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.87654, "0.8765"), (61699.6, "61,700"), (3, "3"), (0.01, "0.01")]
)
def test_figures_for_people(value: object, text: str) -> None:
    assert formatted(value) == text


def test_command_offers_the_parts_there_are() -> None:
    assert tuple(run.PARTS) == PARTS


def test_efficiency_holds_each_turn_against_its_neighbours() -> None:
    """A machine that becomes ten times slower in the middle doesn't change it."""
    assert efficiency([90.0, 45.0], [100.0, 100.0, 20.0]) == pytest.approx((0.9 + 0.75) / 2)
    assert efficiency([90.0, 90.0, 9.0], [100.0, 100.0, 100.0, 10.0]) == 0.9


@pytest.mark.skipif(SHIPPED is None, reason="no net is shipped")
def test_the_search_is_held_against_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an onnxruntime whose speed never changes, the medians' ratio is the efficiency."""
    assert SHIPPED is not None
    monkeypatch.setattr(RawSpeed, "best_way", lambda self, threads: RawWay(1, threads, 8))
    monkeypatch.setattr(RawSpeed, "measure", lambda self, way, seconds: 1000.0)
    measured = measure_search(SHIPPED, mid_games(MadeUpEvaluator(9), 9, 1), 1, 0.0)
    assert measured["raw_evals_per_s"] == 1000.0
    assert measured["search_efficiency"] > 0
    assert measured["search_efficiency"] == pytest.approx(measured["playouts_per_s"] / 1000.0)
    assert measured["evaluation_us"] > 0
    assert measured["search_us"] > 0


def test_the_counting_evaluator_adds_up_what_its_threads_wait() -> None:
    """The seconds of two batches evaluated at once count twice."""
    barrier = threading.Barrier(2)

    class Slow(MadeUpEvaluator):
        def evaluate(self, batch: LeafBatch) -> Evaluation:
            barrier.wait(timeout=60)
            time.sleep(0.05)
            return super().evaluate(batch)

    counting = CountingEvaluator(Slow(2))
    batches = [LeafBatch(9, 8, counting.inputs) for _ in range(2)]
    for batch in batches:
        Search(Game(9)).collect(batch)
    workers = [threading.Thread(target=counting.evaluate, args=(batch,)) for batch in batches]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert counting.evaluations == sum(batch.count for batch in batches) > 0
    assert counting.seconds >= 0.1


@pytest.mark.slow
@pytest.mark.skipif(SHIPPED is None, reason="no net is shipped")
def test_json_is_one_object_with_the_promised_keys() -> None:
    command = [sys.executable, "-m", "ponnuki.cli.main", "bench", "--json", "--size", "9", "--seconds", "2",
               "--only", "rollouts", "search", "kernels"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert {
        "size", "threads", "weights", "precision", "rollouts_per_s", "rollout_moves", "heavy_rollouts_per_s",
        "raw_evals_per_s",
        "playouts_per_s", "search_efficiency", "select_us", "planes_us", "backup_us",
        "evaluation_us", "search_us", "tree_bytes_per_node",
    } <= set(result)  # fmt: skip
    assert set(result) - set(LABELS) == {"size", "threads", "weights", "precision"}
    assert {f"{kind}_evals_per_s" for kind in precisions(SHIPPED)} <= set(result)
    assert all(result[key] > 0 for key in set(result) & set(LABELS))
