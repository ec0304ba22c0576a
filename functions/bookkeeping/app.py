"""Stream of documents: each document and voucher is entered into the ledger."""

from soms.accounting import bookkeeping
from soms.kit import streams

handler = streams.follow("bookkeeping", bookkeeping.keep)
