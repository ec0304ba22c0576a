"""What the company sells and how it works: products, warehouses, settings."""
