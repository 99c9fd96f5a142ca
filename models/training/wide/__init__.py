"""Fitting the wide branch: one convex problem, solved in minutes, in bounded memory."""

from models.training.wide.effort import Effort
from models.training.wide.fit import FitReport, fit_wide

__all__ = ["Effort", "FitReport", "fit_wide"]
