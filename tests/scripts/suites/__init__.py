"""How the built-in problem suites were made and verified: run `python -m tests.scripts.suites --help`."""
