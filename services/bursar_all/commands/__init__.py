"""The subcommands of `bursar`, one file each."""
