r"""The smallest game: $V(x, y) = xy$, played on two numbers by five rules.

`play` plays it, `radii` computes how far from the equilibrium each rule gets, and `play_xy` is
`play` with the two rules that the chapter on the 2014 paper needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gankit import checks

RULES = ("simultaneous", "alternating", "averaged", "extragradient", "optimistic")
"""The rules that `play` knows."""


def play(
    rule: str, start: Sequence[float] = (1.0, 0.0), step_size: float = 0.1, steps: int = 100
) -> np.ndarray:
    r"""Play $V(x, y) = xy$, x minimizes and y maximizes, by one of five rules.

    With the field $F(x, y) = (-y, x)$ and $z = (x, y)$ (as a complex number, $F(z) = iz$):

    | rule | step |
    |---|---|
    | `simultaneous` | $z_{t+1} = z_t + h F(z_t)$ |
    | `alternating` | x moves, then y answers the new x |
    | `averaged` | the mean of all points of alternating play so far |
    | `extragradient` | $z_{t+1} = z_t + h F(z_t + h F(z_t))$: the gradient one step ahead |
    | `optimistic` | $z_{t+1} = z_t + 2 h F(z_t) - h F(z_{t-1})$, with $z_{-1} = z_0$ |

    Args:
        rule: one of `RULES`.
        start: first x and y.
        step_size: $h$, above zero.
        steps: number of steps, at least 1.

    Returns:
        Array of shape `(steps + 1, 2)`: x and y at every step, the start included.

    Raises:
        TypeError: if `start` or `step_size` is not made of numbers.
        ValueError: for an unknown rule, and as `gankit.models.toy_games.play_xy`.

    Example:

    >>> import numpy as np
    >>> from gankit.models import toy_games
    >>> for rule in toy_games.RULES:
    ...     x, y = toy_games.play(rule, (1.0, 0.0), step_size=0.1, steps=1000)[-1]
    ...     print(f"{rule:13} {np.hypot(x, y):8.4f}")
    simultaneous  144.7728
    alternating     0.9796
    averaged        0.0038
    extragradient   0.0069
    optimistic      0.0063

    Source: Salimans et al. (2016), section 3, for the circles. Extragradient: Korpelevich, "The
    extragradient method for finding saddle points and other problems" (1976). Optimistic:
    Daskalakis et al., "Training GANs with Optimism" (2018).
    """
    z, h = _checked(rule, start, step_size, steps)
    if rule == "averaged":
        path = play("alternating", start, step_size, steps)
        return np.cumsum(path, axis=0) / np.arange(1, len(path) + 1)[:, None]
    path = [z, z]  # the point before the first is the first
    for _ in range(steps):
        z, before = path[-1], path[-2]
        if rule == "alternating":
            x = z.real - h * z.imag
            path.append(complex(x, z.imag + h * x))
        else:
            ahead = {"extragradient": z + 1j * h * z, "optimistic": 2 * z - before}
            path.append(z + 1j * h * ahead.get(rule, z))
    return np.array([[z.real, z.imag] for z in path[1:]])


def _checked(rule, start, step_size, steps) -> tuple[complex, float]:
    """Return the start as z = x + iy, and the step size, or refuse what makes no game."""
    checks.check_choice("rule", rule, RULES)
    checks.check_count("steps", steps)
    if checks.as_array(start, "start").shape != (2,):
        raise ValueError(f"`start` must be two finite numbers. Received: start={start!r}.")
    z = complex(*(checks.check_number("start", number) for number in start))
    return z, checks.check_number("step_size", step_size, above=0)


def play_xy(
    start: Sequence[float] = (1.0, 1.0),
    step_size: float = 0.1,
    steps: int = 100,
    alternating: bool = False,
) -> np.ndarray:
    r"""Play the smallest minimax game by gradient steps: $V(x, y) = xy$, x minimizes, y maximizes.

    Simultaneous steps of size $h$ circle the equilibrium (0, 0) and move away from it:

    $$\begin{pmatrix} x_{t+1} \\ y_{t+1} \end{pmatrix}
      = \begin{pmatrix} 1 & -h \\ h & 1 \end{pmatrix}
        \begin{pmatrix} x_t \\ y_t \end{pmatrix},
      \qquad r_t = r_0 \, (1 + h^2)^{t/2}$$

    Args:
        start: first x and y.
        step_size: $h$, above zero.
        steps: number of steps, at least 1.
        alternating: whether y moves after x, from the new x, instead of at the same time.

    Returns:
        Array of shape `(steps + 1, 2)`: x and y at every step, the start included.

    Raises:
        TypeError: if `start` or `step_size` is not made of numbers, or `alternating` is no flag.
        ValueError: if `start` is not two finite numbers, `step_size` is not above zero, or `steps`
            is not a whole number of at least 1.

    Example:

    >>> import numpy as np
    >>> from gankit.models import toy_games
    >>> radius = np.linalg.norm(toy_games.play_xy((1.0, 0.0), 0.1, 100), axis=1)
    >>> round(float(radius[-1]), 4)
    1.6446

    Source: Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks" (2016), section 7.2.
    """
    checks.check_flag("alternating", alternating)
    return play("alternating" if alternating else "simultaneous", start, step_size, steps)


def radii(
    rule: str, start: Sequence[float] = (1.0, 0.0), step_size: float = 0.1, steps: int = 100
) -> np.ndarray:
    r"""Compute the distance of `play` from the equilibrium at each step, in closed form.

    With complex numbers $z = x + iy$, the field is $F(z) = iz$. It follows that

    | rule | $\lvert z_t \rvert$ |
    |---|---|
    | `simultaneous` | $r_0 (1 + h^2)^{t/2}$: outwards |
    | `extragradient` | $r_0 (1 - h^2 + h^4)^{t/2}$: inwards for $h < 1$ |
    | `optimistic` | $r_0 \lvert (1 + ih) p_t - ih\,p_{t-1} \rvert$: inwards for $h < 1/\sqrt 3$ |
    | `alternating` | $\lvert M^t z_0 \rvert$: an ellipse |
    | `averaged` | $\lvert (I - M)^{-1} (I - M^{t+1}) z_0 \rvert / (t + 1)$: inwards like $1/t$ |

    $$p_t = \frac{\lambda_+^t - \lambda_-^t}{\lambda_+ - \lambda_-}, \quad
      2\lambda_\pm = 1 + 2ih \pm \sqrt{1 - 4h^2}, \qquad
      M = \begin{pmatrix} 1 & -h \\ h & 1 - h^2 \end{pmatrix}, \quad
      M^t = \frac{\sin t\theta}{\sin\theta} M - \frac{\sin (t-1)\theta}{\sin\theta} I, \quad
      2 \sin\tfrac\theta2 = h$$

    Args:
        rule: one of `RULES`.
        start: first x and y.
        step_size: $h$, above zero; below 2 for `alternating` and `averaged`, and not $\frac12$ for
            `optimistic`, where the two roots meet.
        steps: number of steps, at least 1.

    Returns:
        Array of shape `(steps + 1,)`.

    Raises:
        TypeError, ValueError: as `play`.
        ValueError: for a step size for which the closed form does not hold.

    Example:

    >>> import numpy as np
    >>> from gankit.models import toy_games
    >>> path = toy_games.play("optimistic", (1.0, 0.0), 0.1, 50)
    >>> exact = toy_games.radii("optimistic", (1.0, 0.0), 0.1, 50)
    >>> bool(np.allclose(np.linalg.norm(path, axis=1), exact, rtol=1e-12))
    True

    Source: derived here; the rate of extragradient and optimistic play on bilinear games agrees
    with Mokhtari et al., "A Unified Analysis of Extra-gradient and Optimistic Gradient Methods"
    (2020).
    """
    z, h = _checked(rule, start, step_size, steps)
    t = np.arange(steps + 1)
    if rule == "simultaneous":
        return abs(z) * (1 + h * h) ** (t / 2)
    if rule == "extragradient":
        return abs(z) * (1 - h * h + h**4) ** (t / 2)
    if rule == "optimistic":
        root = np.sqrt(1 - 4 * h * h + 0j)
        if abs(root) < 1e-6:
            raise ValueError(
                f"`step_size` must not be 1/2, where the two roots meet. Received: step_size={h}."
            )
        plus, minus = (1 + 2j * h + root) / 2, (1 + 2j * h - root) / 2
        p = (plus**t - minus**t) / root
        p_before = (plus ** (t - 1.0) - minus ** (t - 1.0)) / root
        return np.abs(z * ((1 + 1j * h) * p - 1j * h * p_before))

    if not 0 < h < 2:
        raise ValueError(
            f"`step_size` must lie in (0, 2) for alternating play. Received: step_size={h}."
        )
    step, theta = np.array([[1, -h], [h, 1 - h * h]]), 2 * math.asin(h / 2)

    def power(t):
        sines = np.sin(t * theta), np.sin((t - 1) * theta)
        both = [s[:, None, None] * m for s, m in zip(sines, (step, np.eye(2)), strict=True)]
        return (both[0] - both[1]) / math.sin(theta)

    if rule == "alternating":
        return np.linalg.norm(power(t) @ [z.real, z.imag], axis=1)
    sums = np.linalg.inv(np.eye(2) - step) @ (np.eye(2) - power(t + 1))
    return np.linalg.norm(sums @ [z.real, z.imag], axis=1) / (t + 1)
