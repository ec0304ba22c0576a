"""Money that comes in, settles invoices, goes back or is given up."""
