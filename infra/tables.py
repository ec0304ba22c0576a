"""The tables: keys, indexes and streams, all encrypted, recoverable, protected and kept."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    BillingMode,
    PointInTimeRecoverySpecification,
    ProjectionType,
    StreamViewType,
    Table,
    TableEncryption,
)
from aws_cdk.aws_kms import IKey
from constructs import Construct
from soms.kit.settings import Setting

ORDER_SUMMARY = (
    *("id", "number", "version", "settled", "status", "currency", "customer", "net", "tax", "total"),
    *("invoiced", "paid", "fulfilment", "invoicing", "payment", "placed_at", "salesperson"),
    *("external_ref", "created_by", "expires_at", "asked", "holds"),
)
PURCHASE_SUMMARY = (
    *("id", "number", "version", "status", "supplier", "currency", "expected_on", "reference", "note"),
    *("ordered_at", "created_by", "receipts", "reason"),
)
OWED_SUMMARY = (
    *("id", "number", "order_id", "currency", "issued_on", "due_on", "total", "open"),
    *("unapplied", "method", "reference", "received_on", "amount", "fee", "word", "state"),
    *("disputed", "promised_on", "instalments"),
)
FILED_SUMMARY = (
    *("kind", "number", "currency", "total", "amount", "postings", "portions", "posted_on", "issued_on"),
    *("recorded_at", "customer_id", "order_id", "invoice_id", "invoice_number", "payment_id", "method"),
    *("reference", "reason", "wanted_on"),
)
FIGURES_SUMMARY = (
    *("seq", "units", "value", "cost", "uncosted_units", "cost_of_shipped", "stocked_on", "last_in_on"),
    *("last_out_on", "last_shipped_on", "folded_at", "abc", "dead"),
)
IMPORT_SUMMARY = (
    *("id", "kind", "file_name", "source", "options", "time_zone", "state", "version", "settled", "done"),
    *("counts", "created_at", "created_by", "applied_at", "applied_by", "finished_at"),
)
BOTH_IMAGES = StreamViewType.NEW_AND_OLD_IMAGES
NEW_IMAGE = StreamViewType.NEW_IMAGE


@dataclass(frozen=True)
class Index:
    """A list that is served: its keys, and the attributes it carries (none: all)."""

    name: str
    partition: str
    sort: str
    carries: tuple[str, ...] = ()
    sort_type: AttributeType = AttributeType.STRING


class SomsTable(Table):
    """A table that knows the setting which tells functions its name, and its indexes."""

    def __init__(
        self,
        scope: Construct,
        setting: Setting,
        *,
        key: IKey,
        partition: str = "pk",
        sort: str | None = "sk",
        indexes: tuple[Index, ...] = (),
        stream: StreamViewType | None = None,
    ) -> None:
        """Make the table."""
        super().__init__(
            scope,
            setting.name.title(),
            partition_key=_text(partition),
            sort_key=_text(sort) if sort else None,
            billing_mode=BillingMode.PAY_PER_REQUEST,
            encryption=TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
            stream=stream,
        )
        self.setting = setting
        self.indexes = tuple(index.name for index in indexes)
        for index in indexes:
            self.add_global_secondary_index(
                index_name=index.name,
                partition_key=_text(index.partition),
                sort_key=Attribute(name=index.sort, type=index.sort_type),
                projection_type=ProjectionType.INCLUDE if index.carries else ProjectionType.ALL,
                non_key_attributes=list(index.carries) or None,
            )

    @property
    def index_arns(self) -> list[str]:
        """The resource names of its indexes, one by one."""
        return [f"{self.table_arn}/index/{name}" for name in self.indexes]


class Tables(Construct):
    """All tables of a stage."""

    def __init__(self, scope: Construct, key: IKey) -> None:
        """Make the tables; streams only where a function reads them."""
        super().__init__(scope, "Tables")
        self._make_masters(key)
        self._make_stock(key)
        self._make_orders(key)
        self._make_billing(key)
        self._make_journal(key)

    def __iter__(self) -> Iterator[SomsTable]:
        """Yield every table."""
        return iter(child for child in self.node.children if isinstance(child, SomsTable))

    def _make_masters(self, key: IKey) -> None:
        by_active = Index("by_active", "active_key", "sku")
        by_category = Index("by_category", "category_key", "sku")
        self.catalog = SomsTable(self, Setting.CATALOG, key=key, indexes=(by_active, by_category))
        by_listing = Index("by_listing", "listing", "listed_key")
        by_salesperson = Index("by_salesperson", "salesperson", "listed_key")
        by_segment = Index("by_segment", "segment", "listed_key")
        self.customers = SomsTable(
            self, Setting.CUSTOMERS, key=key, indexes=(by_listing, by_salesperson, by_segment)
        )
        imports = Index("by_listing", "listing", "listed_key", IMPORT_SUMMARY)
        self.jobs = SomsTable(self, Setting.JOBS, key=key, indexes=(imports,))

    def _make_stock(self, key: IKey) -> None:
        by_warehouse = Index("by_warehouse", "warehouse", "sku")
        by_alert_status = Index("by_alert_status", "alert_status", "opened_key")
        by_purchase_status = Index("by_purchase_status", "purchase_status", "ordered_key", PURCHASE_SUMMARY)
        by_supplier = Index("by_supplier", "supplier_key", "ordered_key", PURCHASE_SUMMARY)
        by_class = Index("by_class", "class_key", "sku", FIGURES_SUMMARY)
        by_paper = Index("by_paper", "paper_key", "listed_key")
        lists = (by_warehouse, by_alert_status, by_class, by_paper, by_purchase_status, by_supplier)
        self.inventory = SomsTable(self, Setting.INVENTORY, key=key, indexes=lists, stream=BOTH_IMAGES)
        self.movements = SomsTable(self, Setting.MOVEMENTS, key=key, partition="sku", sort="entry")

    def _make_orders(self, key: IKey) -> None:
        lists = (
            Index("by_customer", "customer_key", "placed_key", ORDER_SUMMARY),
            Index("by_status", "status_shard", "placed_key", ORDER_SUMMARY),
            Index("by_salesperson", "salesperson", "placed_key", _without(ORDER_SUMMARY, "salesperson")),
            Index("by_day", "day_shard", "placed_key", ORDER_SUMMARY),
        )
        self.orders = SomsTable(self, Setting.ORDERS, key=key, indexes=lists, stream=BOTH_IMAGES)

    def _make_billing(self, key: IKey) -> None:
        lists = (
            Index("by_customer", "customer_id", "issued_key"),
            Index("by_status", "status_shard", "issued_key"),
            Index("by_due", "due_shard", "due_key"),
            Index("by_owing", "owing", "owing_key", OWED_SUMMARY),
        )
        self.billing = SomsTable(self, Setting.BILLING, key=key, indexes=lists, stream=BOTH_IMAGES)
        by_series = Index("by_series", "series", "ordinal", ("number", "issued_on"), AttributeType.NUMBER)
        by_customer = Index(
            "by_customer", "customer_id", "posted_key", _without(FILED_SUMMARY, "customer_id")
        )
        by_recorded = Index("by_recorded", "recorded_shard", "recorded_key", FILED_SUMMARY)
        self.documents = SomsTable(
            self,
            Setting.DOCUMENTS,
            key=key,
            partition="id",
            sort="part",
            indexes=(by_series, by_customer, by_recorded),
            stream=NEW_IMAGE,
        )
        self.ledger = SomsTable(self, Setting.LEDGER, key=key)

    def _make_journal(self, key: IKey) -> None:
        by_aggregate = Index("by_aggregate", "aggregate", "at_key")
        told = ("aggregate", "version", "effects", "moved", "resource")
        by_hour = Index("by_hour", "hour_shard", "at_key", told)
        self.journal = SomsTable(
            self,
            Setting.JOURNAL,
            key=key,
            partition="id",
            sort=None,
            indexes=(by_aggregate, by_hour),
            stream=NEW_IMAGE,
        )


def _text(name: str) -> Attribute:
    return Attribute(name=name, type=AttributeType.STRING)


def _without(names: tuple[str, ...], left_out: str) -> tuple[str, ...]:
    return tuple(name for name in names if name != left_out)
