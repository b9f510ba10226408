"""The `ponnuki` command."""


def main() -> int:
    """Run the command line and return the exit code."""
    return 0
