"""The settings a function reads from its environment, and the only place that reads them."""

import os
from enum import StrEnum


class Setting(StrEnum):
    """Names of environment variables; the CDK hands each function only those it needs."""

    STAGE = "SOMS_STAGE"
    CATALOG = "CATALOG_TABLE"
    CUSTOMERS = "CUSTOMERS_TABLE"
    INVENTORY = "INVENTORY_TABLE"
    MOVEMENTS = "MOVEMENTS_TABLE"
    ORDERS = "ORDERS_TABLE"
    BILLING = "BILLING_TABLE"
    DOCUMENTS = "DOCUMENTS_TABLE"
    LEDGER = "LEDGER_TABLE"
    JOURNAL = "JOURNAL_TABLE"
    JOBS = "JOBS_TABLE"
    DOCUMENTS_BUCKET = "DOCUMENTS_BUCKET"
    FAILURES_BUCKET = "FAILURES_BUCKET"
    UPLOADS_BUCKET = "UPLOADS_BUCKET"
    PURCHASING_TOPIC = "PURCHASING_TOPIC"
    SALES_TOPIC = "SALES_TOPIC"
    FINANCE_TOPIC = "FINANCE_TOPIC"
    CONSUMERS = "CONSUMER_FUNCTIONS"
    RECONCILE = "RECONCILE_FUNCTION"
    INTAKE = "INTAKE_FUNCTION"
    APPLY = "APPLY_FUNCTION"
    TAX_PLATFORM = "TAX_PLATFORM"


class MissingSetting(RuntimeError):
    """A function was deployed without a setting that it needs."""


def get(setting: Setting) -> str:
    """Return the value of a setting, or raise MissingSetting naming it."""
    try:
        return os.environ[setting]
    except KeyError:
        message = f"the environment has no {setting.value}"
        raise MissingSetting(message) from None


def function_name() -> str:
    """Return the name the function runs under, or `local` outside Lambda."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
