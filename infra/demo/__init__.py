"""`make demo`: two real days of a real wholesaler travel the whole way, and the books are proved."""
