"""OpenSandbox lifecycle API"""
