"""What is printed and rendered: invoices, credit notes, and papers beside them."""
