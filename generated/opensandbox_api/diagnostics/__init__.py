"""OpenSandbox diagnostics API"""
