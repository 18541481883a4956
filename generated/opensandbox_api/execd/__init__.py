"""execd"""
