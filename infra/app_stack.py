"""The stack that works: functions and what each may do, API, streams, schedules."""

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Environment, Stack
from aws_cdk.aws_sqs import Queue, QueueEncryption
from constructs import Construct
from soms.kit.access import ROUTES
from soms.kit.settings import Setting

from infra.api import SomsApi
from infra.arrivals import Arrivals
from infra.buckets import INVOICES, JOURNALS, PAPERS, ROW_ERRORS, ROWS, TAX_INVOICES, UPLOADED
from infra.data import DataStack
from infra.finance_reader import FinanceReader
from infra.functions import Size, SomsFunction
from infra.packages import Packages
from infra.schedules import Afterwards, Schedule
from infra.streams import WRITTEN, Follow, kinds, parts
from infra.teams import TeamTopic

# What a function may do to a table. Scan is in reconcile's list only, DeleteItem only where items wait or
# point, BatchWriteItem in none.
GET = ("GetItem", "BatchGetItem")
READ = (*GET, "Query")
ADD = (*GET, "PutItem")
CHANGE = (*GET, "PutItem", "UpdateItem", "ConditionCheckItem")
KEEP = (*CHANGE, "Query")

DOOR = Size(memory=1024, seconds=25)
"""The gateway waits 29 seconds; a door gives up before, so that it can still answer."""
CONSUMER = Size(memory=512, seconds=60)
DRAWER = Size(memory=1769, seconds=120)
CONSUMERS = ("stock", "invoicing", "ledger", "replenishment", "rendering", "settlement", "bookkeeping")
CURSOR_KEY = "cursor-key"
SEARCH_TERMS = "term#*"
SOFT_RESERVATIONS = "soft#*"
PRODUCTS = "product#*"
QUEUES = "queue#*"
PERIODS = "periods"
INCOMING = "incoming#*"
PRINTED = "pap_*"


class AppStack(Stack):
    """Everything that can be thrown away and made again."""

    def __init__(self, scope: Construct, data: DataStack) -> None:
        """Wire the stack: what is what first, then who may do what, then what starts whom."""
        self.stage = data.stage
        super().__init__(
            scope,
            f"{self.stage.prefix}-app",
            description=f"SOMS {self.stage.name}: functions, API, streams, schedules",
            env=Environment(account=self.stage.account, region=self.stage.region),
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self.data = data
        self.tables = data.tables
        self.packages = Packages(self, self.stage)
        self.purchasing = TeamTopic(
            self, "PurchasingTopic", key=data.own_key, addresses=self.stage.purchasing_emails
        )
        self.sales = TeamTopic(self, "SalesTopic", key=data.own_key, addresses=self.stage.sales_emails)
        self.finance = TeamTopic(self, "FinanceTopic", key=data.own_key, addresses=self.stage.finance_emails)
        self.doors = {name: self._function(name, DOOR) for name in ROUTES}
        self.consumers = {name: self._consumer(name) for name in CONSUMERS}
        self.low_stock = self._function("low_stock", Size(memory=512, seconds=300))
        self.expiry = self._function("expiry", Size(memory=512, seconds=300))
        self.figures = self._function("figures", Size(memory=1024, seconds=300))
        self.fapiao_sweep = self._function("fapiao_sweep", Size(memory=512, seconds=300))
        self.month_end = self._function("month_end", Size(memory=512, seconds=60))
        self.dunning = self._function("dunning", Size(memory=512, seconds=300))
        self.reconcile = self._function(
            "reconcile", Size(memory=1769, seconds=900, at_once=2 if self.stage.production else None)
        )
        self.intake = self._function("intake", Size(memory=1769, seconds=300))
        self.apply = self._function("apply", Size(memory=512, seconds=900))
        self._grant_doors()
        self._grant_imports()
        self._grant_consumers()
        self._grant_scheduled()
        self.finance_reader = FinanceReader(self, self.stage, data.buckets.documents, data.own_key)
        self.api = SomsApi(
            self, stage=self.stage, key=data.own_key, pool=data.identity.pool, doors=self.doors
        )
        self.followers = self._follow()
        self.undelivered = self._schedule()
        self._tell()

    @property
    def functions(self) -> list[SomsFunction]:
        """Every function."""
        return [*self.doors.values(), *self.consumers.values(), *self.scheduled, *self.called]

    @property
    def scheduled(self) -> list[SomsFunction]:
        """The functions that run by the clock."""
        by_the_hour = [self.low_stock, self.expiry, self.figures, self.fapiao_sweep, self.dunning]
        return [*by_the_hour, self.month_end, self.reconcile]

    @property
    def called(self) -> list[SomsFunction]:
        """The functions that begin when a file or a command comes, and answer nobody."""
        return [self.intake, self.apply]

    def _function(self, name: str, size: Size) -> SomsFunction:
        layers = [self.packages.soms, self.packages.dependencies]
        if name == "rendering":
            layers.append(self.packages.rendering)
        return SomsFunction(self, name, stage=self.stage, key=self.data.own_key, layers=layers, size=size)

    def _consumer(self, name: str) -> SomsFunction:
        return self._function(name, DRAWER if name == "rendering" else CONSUMER)

    def _grant_doors(self) -> None:
        tables, doors = self.tables, self.doors
        for name, door in doors.items():
            door.may(tables.catalog, *READ).may(tables.journal, "GetItem", "PutItem", "Query")
            if name != "catalog":
                # The key that signs cursors is made by whoever needs it first.
                door.may(tables.catalog, "PutItem", keys=[CURSOR_KEY])
        doors["catalog"].may(tables.catalog, "PutItem", "UpdateItem")
        customers = doors["customers"].may(tables.customers, *KEEP).may(tables.billing, *READ)
        customers.may(tables.documents, *READ)
        customers.may(tables.customers, "DeleteItem", keys=[SEARCH_TERMS])
        # Who is erased loses the name on each order.
        customers.may(tables.orders, "Query", "UpdateItem")
        inventory = doors["inventory"].may(tables.inventory, *KEEP).may(tables.movements, "GetItem", "Query")
        inventory.may(tables.catalog, "PutItem", keys=[PRODUCTS])
        doors["purchasing"].may(tables.inventory, *KEEP).may(tables.inventory, "DeleteItem", keys=[INCOMING])
        stocktaking = doors["stocktaking"].may(tables.inventory, *KEEP).may(tables.movements, "Query")
        stocktaking.may(tables.inventory, "DeleteItem", keys=[INCOMING, SOFT_RESERVATIONS])
        # Less found than is promised takes from orders and from what quotes keep.
        inventory.may(tables.inventory, "DeleteItem", keys=[SOFT_RESERVATIONS])
        for door in (inventory, stocktaking):
            door.may(tables.orders, *CHANGE)
        orders = doors["orders"].may(tables.orders, *KEEP).may(tables.inventory, *KEEP)
        orders.may(tables.customers, *GET, "UpdateItem", "ConditionCheckItem").may(tables.billing, "Query")
        orders.may(tables.inventory, "DeleteItem", keys=[SOFT_RESERVATIONS])
        # What is printed of an order is kept as a document, too; it takes no number of a series.
        orders.may(tables.documents, *GET).may(tables.documents, "PutItem", keys=[PRINTED])
        # A credit note by hand is a command on the order, too; what is given up of an invoice is a voucher.
        billing = doors["billing"].may(tables.billing, *READ, "PutItem")
        billing.may(tables.documents, *READ, "PutItem")
        billing.may(tables.orders, *GET, "PutItem").may(tables.customers, *GET, "UpdateItem")
        self._may_touch_documents(billing, "GetObject")
        payments = doors["payments"].may(tables.billing, *KEEP).may(tables.documents, *READ, "PutItem")
        payments.may(tables.orders, *GET).may(tables.customers, *GET, "UpdateItem")
        reconciliation = doors["reconciliation"].may(tables.billing, *KEEP)
        reconciliation.may(tables.documents, *READ, "PutItem").may(tables.customers, *KEEP)
        fapiao = doors["fapiao"].may(tables.billing, *READ, "PutItem").may(tables.documents, *GET)
        self._may_have_issued(fapiao)
        receivables = doors["receivables"].may(tables.billing, *KEEP).may(tables.documents, "Query")
        receivables.may(tables.customers, *GET).may_publish(Setting.FINANCE_TOPIC, self.finance)
        # Statements and letters are printed.
        for door in (customers, receivables.may(tables.documents, *GET)):
            door.may(tables.documents, "PutItem", keys=[PRINTED])
        accounting = doors["accounting"].may(tables.ledger, *READ, "PutItem").may(tables.jobs, *GET)
        accounting.may(tables.billing, *READ).may(tables.billing, "PutItem", keys=[PERIODS])
        accounting.may(tables.documents, *READ)
        accounting.may_use_objects(
            Setting.DOCUMENTS_BUCKET, self.data.buckets.documents, JOURNALS, "GetObject", "PutObject"
        )
        reports = doors["reports"].may(tables.inventory, *READ).may(tables.movements, "Query")
        reports.may(tables.jobs, "GetItem")
        integrations = doors["integrations"].may(tables.jobs, "GetItem", "Query")
        integrations.knows(Setting.RECONCILE, self.reconcile.function_name).may_invoke(self.reconcile)

    def _grant_imports(self) -> None:
        tables, uploads = self.tables, self.data.buckets.uploads
        door = self.doors["transfers"].may(tables.jobs, *READ, "PutItem")
        door.may_use_objects(Setting.UPLOADS_BUCKET, uploads, UPLOADED, "PutObject")
        intake = self.intake.may(tables.jobs, "GetItem", "UpdateItem")
        intake.may_use_objects(Setting.UPLOADS_BUCKET, uploads, UPLOADED, "GetObject")
        intake.may_use_objects(Setting.UPLOADS_BUCKET, uploads, ROWS, "PutObject")
        apply = self.apply.may(tables.jobs, *READ, "PutItem", "UpdateItem").may_go_on()
        apply.may(tables.billing, *KEEP).may(tables.journal, *ADD).may(tables.catalog, *GET)
        # Money that a bank line shows is a payment of its customer and settles invoices.
        apply.may(tables.documents, *READ, "PutItem").may(tables.customers, *KEEP)
        for function in (door, apply):
            function.may_use_objects(Setting.UPLOADS_BUCKET, uploads, ROWS, "GetObject")
        for function, action in ((door, "GetObject"), (intake, "PutObject"), (apply, "PutObject")):
            function.may_use_objects(Setting.UPLOADS_BUCKET, uploads, ROW_ERRORS, action)
        door.knows(Setting.INTAKE, intake.function_name).knows(Setting.APPLY, apply.function_name)
        door.may_invoke(*self.called)

    def _grant_consumers(self) -> None:
        tables, consumers = self.tables, self.consumers
        stock = consumers["stock"].may(tables.inventory, *KEEP).may(tables.journal, *ADD)
        stock.may(tables.inventory, "DeleteItem", keys=[QUEUES]).may(tables.orders, "GetItem")
        invoicing = consumers["invoicing"].may(tables.billing, *KEEP).may(tables.documents, *ADD)
        invoicing.may(tables.journal, *ADD).may(tables.catalog, *GET)
        # What was paid of a credited invoice is unapplied again; a write-off undone is owed again.
        invoicing.may(tables.customers, *GET, "UpdateItem")
        consumers["ledger"].may(tables.movements, *ADD, "Query")
        replenishment = consumers["replenishment"].may(tables.inventory, *KEEP).may(tables.orders, *CHANGE)
        replenishment.may(tables.journal, *ADD).may(tables.catalog, *GET)
        replenishment.may(tables.inventory, "DeleteItem", keys=[QUEUES])
        replenishment.may_publish(Setting.PURCHASING_TOPIC, self.purchasing)
        replenishment.may_publish(Setting.SALES_TOPIC, self.sales)
        rendering = consumers["rendering"].may(tables.documents, "GetItem", "PutItem")
        self._may_touch_documents(rendering, "GetObject", "PutObject")
        consumers["bookkeeping"].may(tables.ledger, *GET, "PutItem", "UpdateItem")
        # Deposits settle the invoices of their order.
        settlement = consumers["settlement"].may(tables.billing, *KEEP).may(tables.documents, *ADD)
        settlement.may(tables.orders, "GetItem", "PutItem", "UpdateItem")
        settlement.may(tables.journal, *ADD).may(tables.catalog, *GET)

    def _grant_scheduled(self) -> None:
        digest = self.low_stock.may(self.tables.inventory, *READ, "PutItem")
        digest.may(self.tables.journal, "GetItem", "PutItem").may(self.tables.catalog, *GET)
        digest.may_publish(Setting.PURCHASING_TOPIC, self.purchasing)
        expiry = self.expiry.may(self.tables.orders, *KEEP).may(self.tables.inventory, *KEEP)
        expiry.may(self.tables.inventory, "DeleteItem", keys=[SOFT_RESERVATIONS])
        expiry.may(self.tables.journal, "GetItem", "PutItem").may(self.tables.customers, *GET, "UpdateItem")
        figures = self.figures.may(self.tables.inventory, *KEEP).may(self.tables.movements, "Query")
        figures.may(self.tables.journal, "GetItem", "PutItem").may(self.tables.catalog, *READ)
        figures.may(self.tables.jobs, "GetItem", "PutItem")
        sweep = self.fapiao_sweep.may(self.tables.billing, *READ, "PutItem")
        sweep.may(self.tables.journal, "GetItem", "PutItem")
        self._may_have_issued(sweep)
        month_end = self.month_end.may(self.tables.ledger, *READ, "PutItem").may(self.tables.jobs, "GetItem")
        month_end.may(self.tables.billing, *READ).may(self.tables.billing, "PutItem", keys=[PERIODS])
        month_end.may(self.tables.documents, "Query").may(self.tables.catalog, *GET)
        month_end.may(self.tables.journal, "GetItem", "PutItem")
        dunning = self.dunning.may(self.tables.billing, *KEEP).may(self.tables.customers, *GET)
        dunning.may(self.tables.journal, "GetItem", "PutItem").may(self.tables.catalog, *GET)
        dunning.may_publish(Setting.FINANCE_TOPIC, self.finance)
        dunning.may(self.tables.documents, *GET).may(self.tables.documents, "PutItem", keys=[PRINTED])
        for table in self.tables:
            self.reconcile.may(table, *READ, "Scan")
        self.reconcile.may(self.tables.jobs, "PutItem", "UpdateItem")
        self._may_touch_documents(self.reconcile, "GetObject")
        names = {name: consumer.function_name for name, consumer in self.consumers.items()}
        self.reconcile.knows(Setting.CONSUMERS, self.to_json_string(names))
        self.reconcile.may_invoke(*self.consumers.values())

    def _may_touch_documents(self, function: SomsFunction, *actions: str) -> None:
        documents = self.data.buckets.documents
        for path in (INVOICES, PAPERS):
            function.may_use_objects(Setting.DOCUMENTS_BUCKET, documents, path, *actions)

    def _may_have_issued(self, function: SomsFunction) -> None:
        """Tell a function the tax platform, and let it keep the files of what is issued."""
        function.knows(Setting.TAX_PLATFORM, self.stage.tax_platform)
        documents = self.data.buckets.documents
        function.may_use_objects(
            Setting.DOCUMENTS_BUCKET, documents, TAX_INVOICES, "GetObject", "PutObject"
        )

    def _follow(self) -> list[Follow]:
        tables, to, failures = self.tables, self.consumers, self.data.buckets.failures
        written_orders = kinds("order", events=WRITTEN)
        new_documents = parts("document", "paper", events=("INSERT",))
        posted = parts("document", "voucher", events=("INSERT",))
        stock_and_alerts = kinds("stock", "alert")
        money = kinds("order_billing", "open_item", "payment")
        return [
            Follow(self, tables.orders, to["stock"], pattern=written_orders, failures=failures),
            Follow(self, tables.orders, to["invoicing"], pattern=written_orders, failures=failures),
            Follow(self, tables.inventory, to["ledger"], pattern=kinds("stock"), failures=failures),
            Follow(self, tables.inventory, to["replenishment"], pattern=stock_and_alerts, failures=failures),
            Follow(self, tables.documents, to["rendering"], pattern=new_documents, failures=failures),
            Follow(self, tables.documents, to["bookkeeping"], pattern=posted, failures=failures),
            Follow(self, tables.billing, to["settlement"], pattern=money, failures=failures),
        ]

    def _schedule(self) -> Queue:
        undelivered = Queue(self, "Undelivered", encryption=QueueEncryption.SQS_MANAGED, enforce_ssl=True)
        runs = (
            ("Digest", self.low_stock, "rate(1 hour)", "digest"),
            # Half past two at night in Shanghai.
            ("Proof", self.reconcile, "cron(30 18 * * ? *)", "reconcile"),
            ("Sweep", self.reconcile, "rate(5 minutes)", "sweep"),
            ("Quotes", self.expiry, "rate(15 minutes)", "expire"),
            ("TaxInvoices", self.fapiao_sweep, "rate(5 minutes)", "sweep"),
            ("Fold", self.figures, "rate(1 hour)", "fold"),
            ("Months", self.month_end, "rate(15 minutes)", "close"),
            # Where it is nine in the morning only the settings know.
            ("Letters", self.dunning, "rate(1 hour)", "dun"),
        )
        for name, function, when, action in runs:
            Schedule(
                self,
                name,
                function,
                stage=self.stage,
                when=when,
                payload={"action": action},
                undelivered=undelivered,
            )
        Arrivals(self, self.data.buckets.uploads, UPLOADED, self.intake, undelivered=undelivered)
        for function in (*self.scheduled, *self.called):
            Afterwards(function, self.data.buckets.failures)
        return undelivered

    def _tell(self) -> None:
        CfnOutput(self, "ApiUrl", value=self.api.url_for_path("/v1"))
        CfnOutput(self, "ApiId", value=self.api.rest_api_id)
        CfnOutput(self, "ApiStage", value=self.api.deployment_stage.stage_name)
        CfnOutput(self, "PurchasingTopicArn", value=self.purchasing.topic_arn)
        CfnOutput(self, "SalesTopicArn", value=self.sales.topic_arn)
        CfnOutput(self, "FinanceTopicArn", value=self.finance.topic_arn)
        CfnOutput(self, "UndeliveredQueueUrl", value=self.undelivered.queue_url)
        CfnOutput(self, "FinanceReaderArn", value=self.finance_reader.role_arn)
        for function in self.functions:
            CfnOutput(self, f"{function.node.id}Function", value=function.function_name)
