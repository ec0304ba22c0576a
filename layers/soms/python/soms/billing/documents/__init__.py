"""Invoices and credit notes: what is to be billed, and issuing it."""
