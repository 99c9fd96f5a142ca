"""From a run's config to its network, by model type."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from models.nn.eir.classifier import ByteClassifier
from models.nn.network import Network
from models.nn.octet.model import OctetModel

if TYPE_CHECKING:
    from models.config import RunConfig
    from models.config.targets import TargetSpec

Build = Callable[["RunConfig", Sequence["TargetSpec"]], Network]

NETWORKS: Mapping[str, Build] = {"sequence-default": ByteClassifier, "octet": OctetModel}
"""What builds the network of each `input.model_config.model_type`."""


def build_network(config: "RunConfig", targets: Sequence["TargetSpec"]) -> Network:
    """The network that a complete config describes; weights drawn from torch's global generator.

    Raises ValueError when the config's parts do not fit one another.
    """
    return NETWORKS[config.input.model_cfg.model_type](config, targets)
