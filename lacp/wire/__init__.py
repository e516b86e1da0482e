"""Slow-protocol frames as octets and as values."""
