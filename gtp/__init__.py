"""The Go Text Protocol: parsing, commands and the session."""
