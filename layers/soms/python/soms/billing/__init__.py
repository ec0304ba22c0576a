"""What is owed: invoices, their series, files and open items."""
