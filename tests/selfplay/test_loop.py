"""The whole loop on 5x5: it learns, every step survives a kill, and accidents are reported and survived."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from ponnuki.engine.errors import ConfigError, RecordError, WeightsError
from ponnuki.nets.ort import OnnxEvaluator
from ponnuki.records.format import Shard
from ponnuki.records.games import read_game
from ponnuki.records.shards import iter_shards, read_shard
from ponnuki.selfplay import loop as loop_module
from ponnuki.selfplay.duel import DuelSettings, PairResult, Pairs
from ponnuki.selfplay.gate import read_pairs
from ponnuki.selfplay.loop import Loop, open_run
from ponnuki.selfplay.plot import draw_run
from ponnuki.selfplay.report import LoopLog
from ponnuki.selfplay.run_folder import RunFolder
from ponnuki.selfplay.run_settings import RunSettings
from ponnuki.selfplay.run_state import GATE, SELF_PLAY, TRAINING, RunState
from ponnuki.selfplay.settings import StartSettings
from ponnuki.selfplay.status import status_of
from ponnuki.selfplay.store import GameStore

TABLES = {
    "start": {
        "sizes": {"5": 1.0}, "rules": {"area": 1.0}, "komi": 5.5, "komi_stdev": 3.0, "handicap_share": 0.0,
        "opening_moves": 0.08,
    },
    "play": {"visits": 32, "cheap_visits": 8, "full_share": 0.5, "resign_threshold": 0.0},
    "net": {"net": "tiny", "precision": "float32"},
    "train": {"new_positions": 1000, "reuse": 8.0, "batch_size": 32, "learning_rate": 0.01, "workers": 1},
    "gate": {"elo1": 60.0, "pairs": 20, "visits": 12},
    "window": {"start": 4000},
    "crew": {"workers": 1, "seed": 1},
}  # fmt: skip
QUICK = {"train": TABLES["train"] | {"new_positions": 60, "reuse": 2.0}, "gate": TABLES["gate"] | {"pairs": 4}}


def settings_of(**changes: dict[str, object]) -> RunSettings:
    tables = {name: {**table, **changes.get(name, {})} for name, table in TABLES.items()}
    return RunSettings.from_tables(tables, "test")


def quick(**changes: dict[str, object]) -> RunSettings:
    return settings_of(**{**QUICK, **{name: {**QUICK.get(name, {}), **table} for name, table in changes.items()}})


def run(path: Path, settings: RunSettings, generations: int = 1, stop: threading.Event | None = None) -> list[str]:
    """Run a loop in this process; what it said."""
    folder = RunFolder(path)
    with folder.locked(), LoopLog(folder.log, folder.tensorboard) as log:
        Loop(folder, open_run(folder, settings), log, stop or threading.Event()).run(generations)
    return [line.split("  ", 1)[1] for line in folder.log.read_text("utf-8").splitlines()]


# ------------------------------------------------------------------------------------------------ it learns


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of several generations."""
    path = tmp_path_factory.mktemp("loop") / "run"
    run(path, settings_of(), 6)
    return path


@pytest.mark.timeout(600)
def test_the_new_net_beats_the_random_one(learnt: Path) -> None:
    state = RunState.load(RunFolder(learnt).state)
    assert state.champion != "net-0000"
    first, last = (OnnxEvaluator(learnt / "nets" / f"{name}.onnx") for name in ("net-0000", state.latest))
    starts = StartSettings(sizes={5: 1.0}, komi=5.5, handicap_share=0.0, fair_komi_share=0.0, opening_moves=0.08)
    # Few visits: with more, 5x5 is won by whoever has the better colour.
    pairs, results = Pairs(DuelSettings(starts, visits=2, seed=2), (last, first), range(40)), list[PairResult]()
    while len(pairs):
        results += pairs.play(10.0)
    assert sum(result.points for result in results) / 80 > 0.7


def test_what_a_run_says_of_itself(learnt: Path, tmp_path: Path) -> None:
    status = status_of(RunFolder(learnt))
    assert (status["generation"], status["phase"]) == (7, SELF_PLAY)
    assert [net["name"] for net in status["nets"]] == [f"net-{number:04d}" for number in range(7)]
    assert status["positions"] >= 6000
    assert status["positions_per_hour"] > 0
    champion = next(net for net in status["nets"] if net["name"] == status["champion"])
    assert champion["accepted"]
    assert champion["elo"] > 0
    draw_run(status, tmp_path / "elo.png")
    assert (tmp_path / "elo.png").read_bytes()[:4] == b"\x89PNG"
    text = subprocess.run(
        [sys.executable, "-m", "ponnuki.cli.main", "loop", str(learnt), "--status"], capture_output=True, text=True
    ).stdout
    assert "net-0006" in text
    assert "an hour of self-play" in text
    assert list((learnt / "tensorboard").glob("events*"))


def test_games_can_be_read_by_the_other_commands(learnt: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ponnuki.cli.main", "records"]
    checked = subprocess.run([*command, "check", str(learnt / "games" / "0001")], capture_output=True, text=True)
    assert checked.stdout.strip() == "nothing wrong", checked.stderr
    shard = next((learnt / "games" / "0001").glob("*.npz"))
    exported = subprocess.run([*command, "export", str(shard), "--out", str(tmp_path)], capture_output=True, text=True)
    assert exported.returncode == 0, exported.stderr
    assert "SZ[5]" in next(tmp_path.rglob("*.sgf")).read_text("utf-8")


# ------------------------------------------------------------------------------------------------- killed


class Running:
    """A loop in a process of its own, which can be killed when something has happened."""

    def __init__(self, path: Path, settings: RunSettings) -> None:
        self.path, self.folder = path, RunFolder(path)
        open_run(self.folder, settings)
        command = [sys.executable, "-m", "ponnuki.cli.main", "loop", str(path), "--generations", "1"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)

    def kill_when(self, happened: Callable[[], bool]) -> bool:
        """Kill the loop alone, as soon as something has happened; False if it ended before."""
        while self.process.poll() is None:
            if happened():
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
                return True
            time.sleep(0.01)
        return False

    def phase(self) -> str | None:
        try:
            return RunState.load(self.folder.state).phase
        except RecordError:
            return None


def games_on_disk(path: Path) -> int:
    return GameStore(path / "games", mend=False).games() if (path / "games").exists() else 0


def moves_of(shard: Shard) -> list[list[int]]:
    """The moves of each of its games."""
    return [read_game(shard, game).moves for game in range(shard.games)]


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
@pytest.mark.timeout(600)
def test_a_kill_at_every_step_loses_nothing_that_was_finished(tmp_path: Path) -> None:
    settings = quick(train={"reuse": 40.0}, gate={"pairs": 12, "visits": 40, "elo1": 400.0, "error": 0.001})
    path = tmp_path / "run"
    pairs_file = RunFolder(path).gate("net-0001")

    running = Running(path, settings)
    assert running.kill_when(lambda: games_on_disk(path) >= 2)
    games = games_on_disk(path)
    assert games >= 2
    assert running.phase() == SELF_PLAY

    running = Running(path, settings)
    assert running.kill_when(lambda: running.phase() == TRAINING)
    assert games_on_disk(path) >= games
    games = games_on_disk(path)
    assert GameStore(path / "games").positions(1) >= 60

    running = Running(path, settings)
    assert running.kill_when(lambda: any((path / "train").rglob("events*")))
    assert running.phase() == TRAINING

    running = Running(path, settings)
    assert running.kill_when(lambda: len(read_pairs(pairs_file)) >= 2)
    assert running.phase() == GATE
    played = read_pairs(pairs_file)
    assert len(played) >= 2

    running = Running(path, settings)
    assert running.process.wait() == 0
    state = RunState.load(RunFolder(path).state)
    assert (state.generation, state.phase) == (2, SELF_PLAY)
    assert [net.name for net in state.nets] == ["net-0000", "net-0001"]
    assert read_pairs(pairs_file).items() >= played.items()
    assert games_on_disk(path) == games  # what was played before the training is all that there is
    assert state.nets[1].games == games


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_saves_and_says_so(tmp_path: Path) -> None:
    # 600 positions are 1,200 moves, 37 in each of 32 games, and none has more than 25: what is in progress is ended.
    open_run(RunFolder(tmp_path / "run"), quick(train={"new_positions": 600}, play={"move_limit": 1.0}))
    command = [sys.executable, "-m", "ponnuki.cli.main", "loop", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while games_on_disk(tmp_path / "run") < 2 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.strip().endswith("stopped; the same command goes on")
    folder = RunFolder(tmp_path / "run")
    state = RunState.load(folder.state)
    assert state.phase == SELF_PLAY
    assert state.hours[SELF_PLAY] > 0
    kept = read_shard(folder.unfinished / "5x5.unfinished")
    assert kept.games > 0
    assert kept.moves.size > 0
    run(tmp_path / "run", RunSettings.read(folder.settings))
    played = [moves for path in (folder.games / "0001").glob("*.npz") for moves in moves_of(read_shard(path))]
    for begun in moves_of(kept):
        assert begun in [moves[: len(begun)] for moves in played], "what was in progress was played to its end"


# ---------------------------------------------------------------------------------------------- accidents


def test_one_folder_one_loop(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with folder.locked():
        done = subprocess.run(
            [sys.executable, "-m", "ponnuki.cli.main", "loop", str(tmp_path)], capture_output=True, text=True
        )
    assert done.returncode == 2
    assert done.stderr == f"ponnuki: {tmp_path}: another loop is at work here; stop it, or name another folder\n"


def test_a_full_disk_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [4]
    real = GameStore.add

    def sometimes_full(self: GameStore, *args: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise RecordError("x.npz: cannot be written: No space left on device")
        real(self, *args)  # type: ignore[arg-type]

    real_save = RunState.save
    refused = [2]

    def sometimes_refused(self: RunState, path: Path) -> None:
        if self.champion and refused[0] > 0:
            refused[0] -= 1
            raise OSError(28, "No space left on device")
        real_save(self, path)

    monkeypatch.setattr(GameStore, "add", sometimes_full)
    monkeypatch.setattr(RunState, "save", sometimes_refused)
    monkeypatch.setattr(loop_module, "RETRY_S", 0.05)
    said = run(tmp_path / "run", quick(gate={"enabled": False}))
    assert sum("No space left" in line for line in said) == 6
    state = RunState.load(tmp_path / "run" / "state.json")
    assert state.generation == 2
    assert GameStore(tmp_path / "run" / "games").games() == state.nets[1].games


def test_damaged_and_missing_games_are_survived(tmp_path: Path) -> None:
    settings = quick(gate={"enabled": False})
    run(tmp_path / "run", settings)
    shards = sorted((tmp_path / "run" / "games" / "0001").glob("*.npz"))
    shards[0].write_bytes(shards[0].read_bytes()[:200])
    run(tmp_path / "run", settings)
    shutil.rmtree(tmp_path / "run" / "games" / "0002")
    run(tmp_path / "run", settings)
    assert RunState.load(tmp_path / "run" / "state.json").generation == 4
    assert shards[0].with_name(shards[0].name + ".damaged").exists()


def test_missing_nets_are_made_again_or_replaced(tmp_path: Path) -> None:
    settings, nets = quick(gate={"enabled": False}), tmp_path / "run" / "nets"
    run(tmp_path / "run", settings)
    (nets / "net-0001.onnx").unlink()
    said = run(tmp_path / "run", settings)
    assert f"{nets / 'net-0001.onnx'}: gone; made again" in said
    (nets / "net-0002.safetensors").unlink()
    said = run(tmp_path / "run", settings)
    assert said.count("net-0002: its files are gone; net-0001 takes its place") == 2  # it played, and was trained from
    assert "generation 3: trains net-0003 from net-0001" in "\n".join(said)
    for path in nets.glob("*.safetensors"):
        path.unlink()
    with pytest.raises(WeightsError, match=r"net-0003\.safetensors, \.toml: gone, and no earlier net is left"):
        run(tmp_path / "run", settings)


def test_a_net_that_is_lost_before_its_gate_is_trained_again(tmp_path: Path) -> None:
    settings, folder = quick(gate={"pairs": 2}), RunFolder(tmp_path / "run")
    run(folder.path, settings)
    state = RunState.load(folder.state)
    state.phase, state.latest = GATE, "net-0002"
    state.save(folder.state)
    folder.gate("net-0002").write_text('{"pair": 0, "points": 2.0}\n{"pair": 1, "points": 2.0}\n', "utf-8")
    said = "\n".join(run(folder.path, settings))
    assert said.count("net-0002: its files are gone; it is trained again") == 1
    assert "generation 2: trains net-0002 from net-000" in said
    assert "size" in folder.gate("net-0002").read_text("utf-8"), "the pairs of the net that was lost are not counted"
    assert RunState.load(folder.state).nets[2].pairs > 0


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"format": "ponnuki-loop-1", "nets')
    with pytest.raises(RecordError, match=r"state\.json: damaged"):
        run(tmp_path, quick())


# ----------------------------------------------------------------------------------------------- settings


def test_a_run_keeps_its_settings(tmp_path: Path) -> None:
    folder, settings = RunFolder(tmp_path / "run"), quick()
    assert open_run(folder, settings) == settings
    assert RunSettings.read(folder.settings) == settings
    assert open_run(folder, None) == settings
    with pytest.raises(ConfigError, match="the run has settings of its own"):
        open_run(folder, settings_of())
    text = folder.settings.read_text("utf-8").replace("visits = 32", "visits = 33")
    folder.settings.write_text(text, "utf-8")
    assert open_run(folder, None).play.visits == 33


@pytest.mark.parametrize(("table", "complaint"), [
    ({"plays": {}}, "[plays] is not known"),
    ({"gate": {"elo0": 50.0, "elo1": 10.0}}, "the first has to be the lower one"),
    ({"net": {"precision": "int4"}}, "precision is 'int4'"),
    ({"train": {"data_share": 1.0}}, "data_share is 1.0"),
    ({"crew": {"workers": -1}}, "workers is -1: expected 0 or more"),
])  # fmt: skip
def test_settings_that_are_not_accepted(table: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RunSettings.from_tables(table, "run.toml")
    assert complaint in str(caught.value)


# ------------------------------------------------------------------------------------------ starting points


def test_int8_plays_once_there_are_games_to_take_ranges_from(tmp_path: Path) -> None:
    settings = quick(net={"precision": "int8"}, train={"new_positions": 260}, gate={"enabled": False})
    run(tmp_path / "run", settings)
    for name in ("net-0000-int8", "net-0001-int8"):
        assert OnnxEvaluator(tmp_path / "run" / "nets" / f"{name}.onnx").info["precision"] == "int8"
    metas = [shard.meta for _, shard in iter_shards(tmp_path / "run" / "games" / "0001")]
    assert {net for meta in metas for net in meta["nets"]} == {"net-0000", "net-0000-int8"}


def test_a_run_can_begin_with_records_and_with_a_net(tmp_path: Path, learnt: Path) -> None:
    records = str(learnt / "games" / "0001")
    settings = quick(net={"data": [records], "data_steps": 10}, gate={"enabled": False})
    run(tmp_path / "records", settings)
    first = OnnxEvaluator(tmp_path / "records" / "nets" / "net-0000.onnx")
    assert json.loads(first.info["training"])["steps"] == 10
    taught = quick(net={"init": str(learnt / "nets" / "net-0006")}, gate={"enabled": False},
                   train={"data": [records], "data_share": 0.5})  # fmt: skip
    said = run(tmp_path / "net", taught)
    assert any(line.startswith(f"begins with net-0000: {learnt}") for line in said)
    assert OnnxEvaluator(tmp_path / "net" / "nets" / "net-0000.onnx").outputs.sizes == (5,)
    shares = json.loads(OnnxEvaluator(tmp_path / "net" / "nets" / "net-0001.onnx").info["training"])["shares"]
    assert shares == {"5x5 searched": 0.5, "5x5 searched (other)": 0.5}


def test_records_that_are_not_there_are_missed_before_the_first_game(tmp_path: Path) -> None:
    settings = quick(train={"data": [str(tmp_path / "none")]})
    with pytest.raises(ConfigError, match="none: no such file or folder"):
        run(tmp_path / "run", settings)


def test_self_play_can_go_on_while_a_net_is_trained(tmp_path: Path) -> None:
    settings = quick(crew={"overlap": True}, train={"reuse": 40.0}, gate={"enabled": False})
    run(tmp_path / "run", settings, 2)
    state = RunState.load(tmp_path / "run" / "state.json")
    assert state.generation == 3
    assert GameStore(tmp_path / "run" / "games").games(2) > 0


def test_resignation_grows_cautious_where_it_was_wrong(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with LoopLog(folder.log, folder.tensorboard) as log:
        loop = Loop(folder, dataclasses.replace(quick(), play=dataclasses.replace(quick().play, resign_threshold=0.04)),
                    log, threading.Event())  # fmt: skip
        loop.state.resignations_checked, loop.state.resignations_wrong = 10, 10
        loop._adapt_resignation()
        assert loop.state.resign_threshold is None  # too few to say
        loop.state.resignations_checked, loop.state.resignations_wrong = 40, 4
        loop._adapt_resignation()
        assert loop.state.resign_threshold == 0.02
        assert loop.state.resignations_checked == 0
        loop.state.resignations_checked = 40
        loop._adapt_resignation()
        assert loop.state.resign_threshold == pytest.approx(0.03)
