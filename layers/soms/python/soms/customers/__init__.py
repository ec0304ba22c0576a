"""Who buys: profiles, terms, credit accounts."""
