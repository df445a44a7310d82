"""What exact_test.py compares our schedules with: Keras's, by the name of the case."""

import tensorflow as tf

_schedules = tf.keras.optimizers.schedules


def _case(schedule):
    return lambda v: {"rate": tf.stack([schedule(step) for step in v["step"].numpy()])}


piecewise = _case(_schedules.PiecewiseConstantDecay([4, 10, 30], [0.5, 0.25, 0.1, 0.01]))
exponential = _case(_schedules.ExponentialDecay(0.3, 10, 0.7))
exponential_staircase = _case(_schedules.ExponentialDecay(0.3, 10, 0.7, staircase=True))
inverse_time = _case(_schedules.InverseTimeDecay(0.3, 10, 0.7))
inverse_time_staircase = _case(_schedules.InverseTimeDecay(0.3, 10, 0.7, staircase=True))
polynomial = _case(_schedules.PolynomialDecay(0.3, 30, 0.01, power=2.0))
polynomial_cycle = _case(_schedules.PolynomialDecay(0.3, 10, 0.01, power=0.5, cycle=True))
cosine = _case(_schedules.CosineDecay(0.3, 30, alpha=0.1))
cosine_warm_up = _case(
    _schedules.CosineDecay(0.05, 30, alpha=0.1, warmup_target=0.3, warmup_steps=10)
)
cosine_restarts = _case(_schedules.CosineDecayRestarts(0.3, 10))
cosine_even_restarts = _case(_schedules.CosineDecayRestarts(0.3, 10, t_mul=1.0, m_mul=0.8, alpha=0.1))
