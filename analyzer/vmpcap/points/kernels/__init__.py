"""Kernels of the points floor: one question each."""
