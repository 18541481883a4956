# Written by scripts/unasync.py from opensandbox/_async/__init__.py. Do not edit.
