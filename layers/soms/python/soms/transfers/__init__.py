"""Transfers: files come in as jobs that are read first, applied on command, and can be resumed anywhere."""
