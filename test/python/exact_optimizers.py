"""What exact_test.py compares our optimizers with, by the name of the case.

Optimizers of tf.compat.v1.train: all their variables, by the names that they have in checkpoints.
Keras's, for what v1 does not have: the weights, and Keras's slots under our names for them.
"""

import numpy
import tensorflow as tf

_v1 = tf.compat.v1
_STEPS = 6


def _dense_loss(variables, v, step):
    return sum(
        tf.reduce_sum(v["scale_" + name][step] * tf.square(variables[name] - 0.1))
        for name in ("w", "b")
    )


def _sparse_loss(variables, v, step):
    rows = tf.gather(variables["table"], v["ids"][step])
    return tf.reduce_sum(v["scale"][step] * tf.square(rows))


_KINDS = {"dense": (("b", "w"), _dense_loss), "sparse": (("table",), _sparse_loss)}


def _v1_case(kind, optimizer, average=None):
    """`optimizer(global_step)` makes one; `average(global_step)` a moving average."""
    names, loss_of = _KINDS[kind]

    def case(v):
        v = {key: value.numpy() for key, value in v.items()}
        with tf.Graph().as_default(), _v1.Session() as session:
            count = _v1.train.get_or_create_global_step()
            variables = {
                name: _v1.get_variable(name, initializer=v[name], use_resource=True)
                for name in names
            }
            step = _v1.placeholder(tf.int32, [])
            given = {key: tf.constant(value) for key, value in v.items() if key not in names}
            train = optimizer(count).minimize(loss_of(variables, given, step), count)
            if average is not None:
                with tf.control_dependencies([train]):
                    train = average(count).apply(list(variables.values()))
            session.run(_v1.global_variables_initializer())
            for t in range(_STEPS):
                session.run(train, {step: t})
            results = {
                variable.op.name: session.run(variable) for variable in _v1.global_variables()
            }
        return {name: tf.constant(value) for name, value in results.items()}

    return case


def _keras_case(kind, optimizer, slots, powers=False, updates=_STEPS):
    """The slots are {our suffix: (Keras's name, what to multiply Keras's by)}."""
    names, loss_of = _KINDS[kind]

    def case(v):
        variables = {name: tf.Variable(v[name], name=name) for name in names}
        rule = optimizer()
        rule.build(list(variables.values()))
        for step in range(_STEPS):
            with tf.GradientTape() as tape:
                loss = loss_of(variables, v, step)
            # Dense: Keras's own rule for sparse gradients squares the rows of an id that comes
            # twice one by one, and not their sum (tf.compat.v1.train.AdamOptimizer sums them).
            gradients = [
                tf.convert_to_tensor(gradient)
                for gradient in tape.gradient(loss, list(variables.values()))
            ]
            rule.apply_gradients(zip(gradients, variables.values()))
        outputs = {name: tf.convert_to_tensor(value) for name, value in variables.items()}
        theirs = {variable.path: variable for variable in rule.variables}
        for name in names:
            for ours, (suffix, factor) in slots.items():
                found = [x for path, x in theirs.items() if path.endswith(f"/{name}_0_{suffix}")]
                outputs[f"{name}/{ours}"] = tf.convert_to_tensor(found[0]) * factor
        outputs["global_step"] = tf.constant(updates, tf.int64)
        if powers:
            for i, beta in enumerate((0.9, 0.999)):
                outputs[f"beta{i + 1}_power"] = tf.constant(beta ** (_STEPS + 1), tf.float32)
        return outputs

    return case


def _both(name, make):
    for kind in _KINDS:
        globals()[f"{name}_{kind}"] = make(kind)


def _decaying(count):
    return _v1.train.exponential_decay(0.1, count, 2, 0.8)


_train = _v1.train
for _name, _make in {
    "gradient_descent": lambda count: _train.GradientDescentOptimizer(_decaying(count)),
    "momentum": lambda count: _train.MomentumOptimizer(0.1, 0.8),
    "nesterov": lambda count: _train.MomentumOptimizer(0.1, 0.8, use_nesterov=True),
    "adagrad": lambda count: _train.AdagradOptimizer(0.1),
    "rmsprop": lambda count: _train.RMSPropOptimizer(0.1, momentum=0.5),
    "rmsprop_centered": lambda count: _train.RMSPropOptimizer(0.1, centered=True),
    "adam": lambda count: _train.AdamOptimizer(_decaying(count)),
    "ftrl": lambda count: _train.FtrlOptimizer(0.1),
    "ftrl_penalties": lambda count: _train.FtrlOptimizer(
        0.1,
        l1_regularization_strength=0.05,
        l2_regularization_strength=0.1,
        l2_shrinkage_regularization_strength=0.02,
        beta=0.3,
    ),
}.items():
    _both(_name, lambda kind, make=_make: _v1_case(kind, make))


def lazy_adam_sparse(v):
    """The rule of tfa.optimizers.LazyAdam, written out."""
    table, scale, ids = (v[key].numpy().astype("float64") for key in ("table", "scale", "ids"))
    m, square = numpy.zeros_like(table), numpy.zeros_like(table)
    for step in range(_STEPS):
        gradient = numpy.zeros_like(table)
        rows = ids[step].astype(int)
        numpy.add.at(gradient, rows, 2 * scale[step] * table[rows])
        rate = 0.1 * (1 - 0.999 ** (step + 1)) ** 0.5 / (1 - 0.9 ** (step + 1))
        for row in set(rows):
            m[row] += (gradient[row] - m[row]) * 0.1
            square[row] += (gradient[row] ** 2 - square[row]) * 0.001
            table[row] -= rate * m[row] / (square[row] ** 0.5 + 1e-8)
    outputs = {"table": table, "table/Adam": m, "table/Adam_1": square}
    for i, beta in enumerate((0.9, 0.999)):
        outputs[f"beta{i + 1}_power"] = beta ** (_STEPS + 1)
    outputs = {key: tf.constant(value, tf.float32) for key, value in outputs.items()}
    return {**outputs, "global_step": tf.constant(_STEPS, tf.int64)}


def _excluding_b(optimizer):
    optimizer.exclude_from_weight_decay(var_names=["^b"])
    return optimizer


_keras = tf.keras.optimizers
_ADAM_SLOTS = {"Adam": ("momentum", 1), "Adam_1": ("velocity", 1)}
adamw_dense = _keras_case(
    "dense",
    lambda: _excluding_b(_keras.AdamW(0.1, weight_decay=0.1)),
    _ADAM_SLOTS,
    powers=True,
)
adamw_sparse = _keras_case(
    "sparse", lambda: _keras.AdamW(0.1, weight_decay=0.1), _ADAM_SLOTS, powers=True
)
_both(
    "lamb",
    lambda kind: _keras_case(
        kind,
        lambda: _keras.Lamb(0.1),
        {"LAMB": ("momentum", 1), "LAMB_1": ("velocity", 1)},
        powers=True,
    ),
)


def _momentum_case(excluding_b=False, updates=_STEPS, **options):
    def make():
        optimizer = _keras.SGD(0.1, 0.8, **options)
        return _excluding_b(optimizer) if excluding_b else optimizer

    # Keras's momentum is ours times -rate.
    return _keras_case("dense", make, {"Momentum": ("momentum", -10)}, updates=updates)


clip_value_dense = _momentum_case(clipvalue=0.3)
clip_norm_dense = _momentum_case(clipnorm=0.3)
clip_global_norm_dense = _momentum_case(global_clipnorm=0.5)
weight_decay_dense = _momentum_case(excluding_b=True, weight_decay=0.2)
accumulation_dense = _momentum_case(
    updates=2, global_clipnorm=0.5, gradient_accumulation_steps=3, weight_decay=0.2
)


def _average_case(warm_up):
    return _v1_case(
        "dense",
        lambda count: _train.MomentumOptimizer(0.1, 0.8),
        lambda count: tf.train.ExponentialMovingAverage(0.9, count - 1 if warm_up else None),
    )


average_dense = _average_case(False)
average_warm_up_dense = _average_case(True)
