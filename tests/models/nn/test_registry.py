"""What a config may name is what can be built, no more and no less."""

from typing import get_args

from models.config.fusion import FusionConfig
from models.config.inputs import VOCABULARY as CONFIG_VOCABULARY
from models.config.inputs import ExtractorModel
from models.config.outputs import HeadModel
from models.nn.eir.parts import EXTRACTORS, FUSIONS, HEADS
from models.nn.registry import NETWORKS
from models.nn.vocabulary import VOCABULARY


def named(model: type) -> set[str]:
    return set(get_args(model.model_fields["model_type"].annotation))


def test_model_types_of_the_config_are_those_of_the_registry():
    assert named(ExtractorModel) == set(NETWORKS)
    assert set(EXTRACTORS) == {"sequence-default"}
    assert named(FusionConfig) == set(FUSIONS)
    assert named(HeadModel) == set(HEADS)


def test_config_and_network_count_the_same_vocabulary():
    assert CONFIG_VOCABULARY == VOCABULARY
