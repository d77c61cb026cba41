"""The commands behind ./manage; one module per command, imported when it is called."""
