"""The command line, `python -m app`: one small file per command, registered in main.py. Assembly only, no logic."""
