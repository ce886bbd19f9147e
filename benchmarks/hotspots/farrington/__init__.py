"""Parity mode: the improved Farrington algorithm of R's surveillance, for comparison with what public health uses."""

from farrington.flexible import FarringtonConfig, farrington_flexible

__all__ = ["FarringtonConfig", "farrington_flexible"]
