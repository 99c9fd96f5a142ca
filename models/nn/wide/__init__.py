"""The wide branch: convex scores of the n-grams of a whole file (Cheng et al. 2016, "Wide & Deep Learning")."""

from models.nn.wide.gram_kinds import GramKinds
from models.nn.wide.head import WideHead

__all__ = ["GramKinds", "WideHead"]
