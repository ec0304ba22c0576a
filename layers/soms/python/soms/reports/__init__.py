"""What the figures say: invariants, and the sweep that finds what was never applied."""
