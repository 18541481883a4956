"""OpenSandbox execd API"""
