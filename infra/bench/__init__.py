"""Benchmarks and simulators: what operations cost, and what would happen under load."""
