"""What was ordered: orders, shipments, and their life."""
