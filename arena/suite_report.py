"""What suites have shown: a table by file, what failed and how, and two engines compared on the same problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ponnuki.arena.contestant import Contestant
from ponnuki.arena.suite_problem import Outcome, Verdict
from ponnuki.engine.errors import ConfigError

SIDES = ("A", "B")

_COLUMNS = {"passed": Verdict.PASSED, "failed": Verdict.FAILED, "unexpected pass": Verdict.UNEXPECTED_PASS,
            "known failure": Verdict.KNOWN_FAILURE}


@dataclass(frozen=True)
class Comparison:
    """Two engines on the same problems."""

    both: int
    neither: int
    only_a: tuple[str, ...]
    """Problems that A alone solved."""
    only_b: tuple[str, ...]
    p_value: float
    """McNemar's exact test, two-sided: how likely a difference at least as large is between equal engines."""

    @classmethod
    def of(cls, a: Sequence[Outcome], b: Sequence[Outcome]) -> Comparison:
        """Compare outcomes of the same problems in the same order.

        Raises:
            ConfigError: scipy is not installed.
        """
        pairs = list(zip(a, b, strict=True))
        only_a = tuple(str(x.problem) for x, y in pairs if x.passed and not y.passed)
        only_b = tuple(str(y.problem) for x, y in pairs if y.passed and not x.passed)
        return cls(sum(x.passed and y.passed for x, y in pairs), sum(not x.passed and not y.passed for x, y in pairs),
                   only_a, only_b, mcnemar_exact(len(only_a), len(only_b)))

    def to_json(self) -> dict[str, Any]:
        """One object for machines."""
        return {"both": self.both, "neither": self.neither, "only_a": list(self.only_a), "only_b": list(self.only_b),
                "mcnemar_exact_p": self.p_value}


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Two-sided p of McNemar's exact test: the problems that one of two engines solved, against a fair coin.

    Raises:
        ConfigError: scipy is not installed.
    """
    require_scipy()
    from scipy.stats import binomtest

    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def require_scipy() -> None:
    """See that scipy is there.

    Raises:
        ConfigError: it is not.
    """
    try:
        import scipy.stats  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError("comparing two engines needs scipy: install ponnuki with its extra [arena]") from error


@dataclass(frozen=True)
class SuiteReport:
    """The outcomes of one engine, or of two on the same problems."""

    contestants: dict[str, Contestant]
    """By side, "A" and perhaps "B"."""
    outcomes: dict[str, list[Outcome]]
    """By side; problems in the same order."""
    comparison: Comparison | None = None

    @classmethod
    def of(cls, contestants: dict[str, Contestant], outcomes: dict[str, list[Outcome]]) -> SuiteReport:
        """A report, with the comparison where there are two sides."""
        comparison = Comparison.of(outcomes["A"], outcomes["B"]) if "B" in outcomes else None
        return cls(contestants, outcomes, comparison)

    def suites(self) -> list[str]:
        """The suites in the order in which they were given."""
        return list(dict.fromkeys(outcome.problem.suite for outcome in self.outcomes["A"]))

    def counts(self, side: str, suite: str | None = None) -> Counter[Verdict]:
        """How many problems (of a suite) came out which way."""
        return Counter(outcome.verdict for outcome in self.outcomes[side]
                       if suite is None or outcome.problem.suite == suite)

    def to_json(self) -> dict[str, Any]:
        """One object for machines."""
        return {
            "engines": {side: contestant.to_json() for side, contestant in self.contestants.items()},
            "suites": [{"suite": suite, **{side: self._counts_json(side, suite) for side in self.outcomes}}
                       for suite in self.suites()],
            "total": {side: self._counts_json(side, None) for side in self.outcomes},
            "comparison": self.comparison.to_json() if self.comparison else None,
            "problems": [self._problem_json(index) for index in range(len(self.outcomes["A"]))],
        }

    def _counts_json(self, side: str, suite: str | None) -> dict[str, Any]:
        counts = self.counts(side, suite)
        seconds = sum(o.seconds for o in self.outcomes[side] if suite is None or o.problem.suite == suite)
        return {"problems": counts.total(), "solved": _solved(counts),
                **{name.replace(" ", "_"): counts[verdict] for name, verdict in _COLUMNS.items()},
                "seconds": round(seconds, 3)}

    def _problem_json(self, index: int) -> dict[str, Any]:
        problem = self.outcomes["A"][index].problem
        sides = {}
        for side, outcomes in self.outcomes.items():
            outcome = outcomes[index]
            sides[side] = {"solved": outcome.passed, "verdict": outcome.verdict, "answer": outcome.answer,
                           "seconds": round(outcome.seconds, 3), "failure": outcome.failure, "detail": outcome.detail}
        return {"suite": problem.suite, "name": problem.name, "wanted": problem.wanted,
                "known_failure": problem.known_failure, **sides}

    def text(self, list_failed: bool = False) -> str:
        """The whole report as plain text; with `list_failed` every problem that was not solved, too."""
        lines = []
        for side, contestant in self.contestants.items():
            lines += [f"{side}: {contestant.name}", *self._table(side), ""]
        for side in self.contestants:
            lines += self._remarkable(side, list_failed)
        if self.comparison:
            lines += self._comparison_lines(self.comparison)
        return "\n".join(lines).rstrip()

    def _table(self, side: str) -> list[str]:
        rows = [["suite", "problems", "solved", *_COLUMNS, "seconds"]]
        for suite in [*self.suites(), None]:
            counted = self._counts_json(side, suite)
            solved, problems = counted["solved"], counted["problems"]
            share = f"{solved} ({100 * solved / problems:.0f}%)" if problems else "0"
            rows.append([suite or "total", str(problems), share,
                         *(str(counted[name.replace(" ", "_")]) for name in _COLUMNS), f"{counted['seconds']:.1f}"])
        return _aligned(rows)

    def _remarkable(self, side: str, list_failed: bool) -> list[str]:
        """Engine failures always, other failures where they are asked for, and unexpected passes."""
        lines = []
        for outcome in self.outcomes[side]:
            if outcome.failure is not None:
                lines.append(f"{side} {outcome.problem}: not solved by {outcome.failure}: {outcome.detail}")
            elif outcome.verdict is Verdict.UNEXPECTED_PASS:
                lines.append(f"{side} {outcome.problem}: unexpected pass with {outcome.answer}")
            elif list_failed and outcome.verdict is Verdict.FAILED:
                lines.append(f"{side} {outcome.problem}: {outcome.answer}, wanted {outcome.problem.wanted}")
        return lines

    def _comparison_lines(self, found: Comparison) -> list[str]:
        return ["", f"both solved {found.both}, neither {found.neither}, A alone {len(found.only_a)}, "
                    f"B alone {len(found.only_b)}",
                f"A alone: {' '.join(found.only_a) or 'none'}", f"B alone: {' '.join(found.only_b) or 'none'}",
                f"McNemar's exact test, two-sided: p = {found.p_value:.3g}"]


def _solved(counts: Counter[Verdict]) -> int:
    return counts[Verdict.PASSED] + counts[Verdict.UNEXPECTED_PASS]


def _aligned(rows: list[list[str]]) -> list[str]:
    """Columns side by side, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:],
                                                                                          strict=True))])
            for row in rows]
