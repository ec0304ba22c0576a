"""SOMS, a sales order management system that runs as serverless functions."""

VERSION = "0.1.0"
