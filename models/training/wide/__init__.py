"""Fitting the wide branch: one convex problem, solved in minutes, in bounded memory."""

from models.training.wide.effort import Effort
from models.training.wide.fit import FitReport, fit_wide
from models.training.wide.forecast import estimate

__all__ = ["Effort", "FitReport", "estimate", "fit_wide"]
