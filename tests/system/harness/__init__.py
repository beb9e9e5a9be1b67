"""Drives the real binary from outside: processes, databases, the API, and what must hold in the world afterwards."""
