"""The version of ponnuki: the one place, read by the build, by `ponnuki --version` and by GTP's `version`."""

VERSION = "0.1.0"
