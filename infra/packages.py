"""The layers as resources: our package, the libraries it stands on, and what draws documents."""

from aws_cdk import RemovalPolicy
from aws_cdk.aws_lambda import Code, LayerVersion
from constructs import Construct

from infra import layers
from infra.stages import Stage

NOT_SHIPPED = ["**/__pycache__", "**/*.pyc", "**/.*_cache", "**/*.egg-info"]


class Packages(Construct):
    """The layers that functions are given."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        """Build what is not built yet."""
        super().__init__(scope, "Packages")
        self.soms = self._layer("Soms", Code.from_asset(str(layers.LAYERS / "soms"), exclude=NOT_SHIPPED))
        self.dependencies = self._layer("Dependencies", Code.from_asset(str(layers.dependencies(stage))))
        self.rendering = self._layer("Rendering", Code.from_asset(str(layers.rendering(stage))))

    def _layer(self, name: str, code: Code) -> LayerVersion:
        # An older version must stay while functions still refer to it in a rollback.
        return LayerVersion(self, name, code=code, removal_policy=RemovalPolicy.RETAIN)
