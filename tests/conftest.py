"""What all tests share."""

import signal


def pytest_configure() -> None:
    """Let Ctrl-C through to the tests of it: a run in a shell's background ignores it, and so would children."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
