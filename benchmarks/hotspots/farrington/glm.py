"""R's `glm(family = quasipoisson)` for many responses at once: the same iterations, starts and stopping rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_EPSILON: Final = 1e-8  # glm.control(): relative change of the deviance
_MAXIT: Final = 25
_TINY: Final = np.finfo(float).eps


@dataclass
class Glm:
    """Fits of N responses on one design.

    Attributes:
        beta: Coefficients, N x p.
        mu: Fitted means, N x n.
        leverage: Hat values, N x n.
        phi: Pearson dispersion, at least 1, N.
        converged: Whether R would call it converged, N.
    """

    beta: Floats
    mu: Floats
    leverage: Floats
    phi: Floats
    converged: Bools


def quasi_poisson(y: Floats, X: Floats, weights: Floats | None = None) -> Glm:
    """Fit log-linear quasi-Poisson regressions of the rows of `y` (N x n) on `X` (n x p) with prior `weights`."""
    prior = np.ones_like(y) if weights is None else weights
    fits, p = len(y), X.shape[1]
    upper = np.triu_indices(p)
    products = X[:, upper[0]] * X[:, upper[1]]
    beta, covariance = np.zeros((fits, p)), np.zeros((fits, p, p))
    mu = y + 0.1
    eta = np.log(mu)
    deviance = _deviance(y, mu, prior)
    converged = np.zeros(fits, dtype=bool)
    active = np.arange(fits)
    for _ in range(_MAXIT):
        working = prior[active] * mu[active]
        normal = np.empty((len(active), p, p))
        normal[:, upper[0], upper[1]] = normal[:, upper[1], upper[0]] = working @ products
        right = (working * (eta[active] + y[active] / mu[active] - 1.0)) @ X
        # Levels without a single case drift to a mean of zero: scaling keeps their tiny rows solvable.
        scale = 1.0 / np.sqrt(np.maximum(np.diagonal(normal, axis1=1, axis2=2), 1e-300))
        scaled = normal * scale[:, :, None] * scale[:, None, :]
        beta[active] = scale * np.linalg.solve(scaled, (scale * right)[..., None])[..., 0]
        covariance[active] = np.linalg.inv(scaled) * scale[:, :, None] * scale[:, None, :]
        eta[active] = beta[active] @ X.T
        mu[active] = np.maximum(np.exp(eta[active]), _TINY)
        now = _deviance(y[active], mu[active], prior[active])
        done = np.abs(now - deviance[active]) / (np.abs(now) + 0.1) < _EPSILON
        deviance[active] = now
        converged[active[done]] = True
        active = active[~done]
        if not len(active):
            break
    pearson = (prior * (y - mu) ** 2 / mu).sum(axis=1)
    phi = np.maximum(pearson / (X.shape[0] - p), 1.0)
    leverage = prior * mu * np.einsum("ni,fij,nj->fn", X, covariance, X, optimize=True)
    return Glm(beta, mu, leverage, phi, converged)


def _deviance(y: Floats, mu: Floats, weights: Floats) -> Floats:
    ratio = np.where(y > 0, y, 1.0) / np.where(y > 0, mu, 1.0)
    return np.asarray(2.0 * (weights * (y * np.log(ratio) - (y - mu))).sum(axis=1))


def anscombe(y: Floats, fit: Glm) -> Floats:
    """Return standardised Anscombe residuals, N x n."""
    raw = 1.5 * (np.cbrt(y) ** 2 * fit.mu ** (-1 / 6) - np.sqrt(fit.mu))
    return np.asarray(raw / np.sqrt(fit.phi[:, None] * (1.0 - fit.leverage)))
