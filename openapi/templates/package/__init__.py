"""The HTTP APIs of OpenSandbox, generated from openapi/ by scripts/generate.py: do not edit."""
