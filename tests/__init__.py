"""The tests. A package, so that `from tests.reference import go` works and no other `tests` on the path is taken."""
