"""What lies on the shelves: stock, movements, reorder rules, alerts."""
