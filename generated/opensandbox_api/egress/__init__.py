"""OpenSandbox egress API"""
