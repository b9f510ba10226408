"""The ponnuki command and its subcommands."""
