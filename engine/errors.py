"""The errors that ponnuki raises on purpose. Each carries one clear line: what was wrong, what is accepted.

    PonnukiError
    ├── IllegalMoveError    a move, undo or set-up that the rules refuse
    ├── ConfigError         a setting, option, rule name or board size that is not accepted
    ├── RecordError         a game record or SGF file that cannot be read or written
    └── WeightsError        a network file that is missing, damaged or of another kind
"""


class PonnukiError(Exception):
    """Base of all errors that are a user's to mend; anything else is a bug."""


class IllegalMoveError(PonnukiError):
    """A move, undo or set-up that the rules in force refuse."""


class ConfigError(PonnukiError):
    """A setting, option, rule name or board size that is not accepted."""


class RecordError(PonnukiError):
    """A game record or SGF file that cannot be read or written."""


class WeightsError(PonnukiError):
    """A network file that is missing, damaged or of another kind."""
