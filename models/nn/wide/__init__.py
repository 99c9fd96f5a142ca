"""The wide branch: convex scores of the n-grams of a whole file (Cheng et al. 2016, "Wide & Deep Learning")."""

from models.nn.wide.head import WideHead
from models.nn.wide.recipe import Recipe

__all__ = ["Recipe", "WideHead"]
