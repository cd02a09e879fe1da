"""Agents built with the public API, each a folder to copy."""
