"""Octet's Python client."""
