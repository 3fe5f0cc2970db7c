"""The command line as a front end."""
