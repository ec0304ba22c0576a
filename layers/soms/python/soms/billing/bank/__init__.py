"""Bank lines and providers' rows, and what they belong to."""
