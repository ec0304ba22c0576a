"""China's fully digitalised e-invoices (数电发票), which only the tax platform issues."""
