"""Robust quasi-Poisson regression of many series at once: they share one design matrix, so a fit is linear algebra.

Iteratively reweighted least squares with batched p x p normal equations, a normal prior on every coefficient (its
mean may come from related series), and past outbreaks downweighted by their Anscombe residuals, as in Farrington et
al. 1996 and Noufaily et al. 2013 (Statistics in Medicine 32:1206). Trend and season count as far as a series shows
them: the prior of each block of coefficients is then narrowed to what the block itself speaks for (empirical Bayes,
positive-part James-Stein; Efron and Morris 1973, JASA 68:117).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.configuration.surge import FreqConfig

Floats = NDArray[np.float64]
Singles = NDArray[np.floating[Any]]

_LARGEST_STEP: Final = 2.0  # of the linear predictor's coefficients in one Newton step
_LOG_LIMIT: Final = 25.0
"""Of a log mean: 70 thousand million a period."""
_CONVERGED: Final = 1e-3


@dataclass(frozen=True)
class Robust:
    """When a past period counts as an outbreak.

    Attributes:
        limit: Standardised Anscombe residual above which a period is downweighted.
        span: Neighbouring periods that are also judged together.
    """

    limit: float
    span: int

    @classmethod
    def of(cls, config: FreqConfig) -> Robust:
        """Return the rule of a frequency."""
        return cls(config.outlier, config.outlier_span)


@dataclass
class Prior:
    """Normal prior of the coefficients: mean S x p, precision p or S x p."""

    mean: Floats
    precision: Floats


@dataclass
class Fit:
    """A fitted baseline of S series.

    Attributes:
        beta: Coefficients, S x p.
        covariance: Posterior covariance of the coefficients, S x p x p.
        phi: Overdispersion (variance / mean), at least 1, S.
        weights: Robust weights of the fitted periods, S x T.
        information: Effective number of periods behind each series, S.
    """

    beta: Floats
    covariance: Floats
    phi: Floats
    weights: Floats
    information: Floats

    def mean(self, X: Floats) -> Floats:
        """Return the mean at the rows of `X`, S x m."""
        return np.asarray(np.exp(_log_mean(self.beta, X)))

    def spread(self, X: Floats) -> Floats:
        """Return the variance of the logarithm of the mean at the rows of `X`, S x m."""
        return np.asarray(((X @ self.covariance) * X).sum(axis=2))


class Regression:
    """The work shared by all fits on one design: products of its columns."""

    def __init__(self, X: Floats, least_effect: float, shrunk: tuple[slice, ...] = ()) -> None:
        self.X = X
        self.least_effect, self.shrunk = least_effect, shrunk
        p = X.shape[1]
        self.upper = np.triu_indices(p)
        # Single precision is enough for the curvature: the gradient, which decides where a fit ends, stays double.
        self.products = (X[:, self.upper[0]] * X[:, self.upper[1]]).astype(np.float32)

    def fit(
        self, y: Floats, exposure: Floats, rows: slice, prior: Prior, *, robust: Robust, start: Fit | None = None
    ) -> Fit:
        """Fit all series on the periods `rows`.

        Args:
            y: Counts of those periods, S x T.
            exposure: Weight 0 (not observed, closed, incomplete) or 1 of each count, S x T.
            rows: Which rows of the design the columns of `y` are.
            prior: Prior of the coefficients.
            robust: When a past period counts as an outbreak.
            start: An earlier fit of the same series to start from.
        """
        X, products = self.X[rows], self.products[rows]
        seen = int(X.any(axis=0).sum())  # a holiday still to come has a column, and no say
        beta = _first_guess(y, exposure, prior) if start is None else start.beta.copy()
        phi = np.ones(len(y)) if start is None else start.phi
        weights = exposure
        cubed = np.cbrt(y) ** 2
        mu = np.exp(_log_mean(beta, X))
        information = np.zeros_like(phi)
        hessian = np.zeros((len(y), X.shape[1], X.shape[1]))
        for newton_steps in (8, 3, 3) if start is None else (1, 2):
            for _ in range(newton_steps):
                beta, hessian, moved = self._newton(beta, mu, (y, weights), phi, (X, products), prior)
                eta = _log_mean(beta, X)
                mu = np.exp(eta)
                if moved < _CONVERGED:
                    break
            phi, information = _dispersion(y, mu, weights, seen)
            weights = _robust_weights(cubed, eta, phi, exposure, robust)
        beta, covariance = self._shrink(beta, hessian, phi, prior)
        return Fit(beta, covariance, phi, weights, information)

    def _shrink(self, beta: Floats, hessian: Floats, phi: Floats, prior: Prior) -> tuple[Floats, Floats]:
        """Return coefficients and covariance under the narrower priors that the blocks of `shrunk` speak for."""
        covariance = np.linalg.inv(hessian) * phi[:, None, None]
        if not self.shrunk:
            return beta, covariance
        noise = np.diagonal(covariance, axis1=1, axis2=2)
        precision = np.broadcast_to(prior.precision, beta.shape)
        away = beta - prior.mean
        narrower = np.zeros_like(beta)
        for block in self.shrunk:
            signal = (away[:, block] ** 2 - noise[:, block]).mean(axis=1, keepdims=True)
            tight = 1.0 / np.maximum(signal, self.least_effect**2)
            narrower[:, block] = np.maximum(tight - precision[:, block], 0.0) * phi[:, None]
        place = np.arange(beta.shape[1])
        tighter = hessian.copy()
        tighter[:, place, place] += narrower
        inverse = np.linalg.inv(tighter)
        beta = beta - (inverse @ (narrower * away)[..., None])[..., 0]
        return beta, inverse * phi[:, None, None]

    def _newton(
        self,
        beta: Floats,
        mu: Floats,
        counts: tuple[Floats, Floats],
        phi: Floats,
        columns: tuple[Floats, Singles],
        prior: Prior,
    ) -> tuple[Floats, Floats, float]:
        """Return the coefficients one step from `beta` with its means `mu`, the curvature and how far it moved."""
        (y, weights), (X, products) = counts, columns
        shrink = np.broadcast_to(prior.precision, beta.shape) * phi[:, None]
        gradient = (weights * (y - mu)) @ X - shrink * (beta - prior.mean)
        p = X.shape[1]
        hessian = np.empty((len(beta), p, p))
        packed = np.multiply(weights, mu, out=np.empty(mu.shape, np.float32), casting="same_kind") @ products
        hessian[:, self.upper[0], self.upper[1]] = packed
        hessian[:, self.upper[1], self.upper[0]] = packed
        hessian[:, np.arange(p), np.arange(p)] += shrink
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        largest = np.abs(step).max(axis=1, keepdims=True)
        step *= np.minimum(1.0, _LARGEST_STEP / np.maximum(largest, 1e-12))
        return beta + step, hessian, float(np.abs(step).max(initial=0.0))


def _first_guess(y: Floats, exposure: Floats, prior: Prior) -> Floats:
    beta = np.array(np.broadcast_to(prior.mean, (len(y), prior.mean.shape[-1])))
    total, periods = (y * exposure).sum(axis=1), exposure.sum(axis=1)
    beta[:, 0] = np.where(total > 0, np.log((total + 0.5) / (periods + 1.0)), beta[:, 0])
    return beta


def _log_mean(beta: Floats, X: Floats) -> Floats:
    eta = beta @ X.T
    return np.clip(eta, -_LOG_LIMIT, _LOG_LIMIT, out=eta)


def _dispersion(y: Floats, mu: Floats, weights: Floats, p: int) -> tuple[Floats, Floats]:
    """Return Pearson's phi (at least 1) and the number of periods it rests on."""
    information = weights.sum(axis=1)
    error = y - mu
    error *= error
    error /= mu
    pearson = np.einsum("st,st->s", error, weights)
    return np.maximum(pearson / np.maximum(information - p, 1.0), 1.0), information


def _robust_weights(cubed: Floats, eta: Floats, phi: Floats, exposure: Floats, robust: Robust) -> Floats:
    """Return Farrington's weights, residual^-2 beyond the limit, scaled so that they average 1.

    A past outbreak is more than its worst period: where the residuals of `robust.span` neighbours together pass the
    limit, all of them are downweighted.
    """
    from scipy.ndimage import maximum_filter1d

    root = np.exp(eta / 6.0)
    residual = cubed / root
    residual -= root * root * root
    residual *= exposure
    residual *= 1.5 / np.sqrt(phi)[:, None]
    worst = residual
    if 1 < robust.span <= residual.shape[1]:
        total = np.cumsum(residual, axis=1)
        total[:, robust.span :] -= total[:, : -robust.span].copy()
        together = total / np.sqrt(robust.span)
        worst = np.maximum(residual, maximum_filter1d(together, robust.span, axis=1, origin=-((robust.span - 1) // 2)))
    loud = worst > robust.limit
    weights = exposure.copy()
    weights[loud] *= worst[loud] ** -2.0
    observed = np.maximum(exposure.sum(axis=1), 1.0)
    weights *= (observed / np.maximum(weights.sum(axis=1), 1e-8))[:, None]
    return weights
