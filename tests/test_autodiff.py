"""The gradient primitives, against closed forms, and what they do to variables."""

import keras
import numpy as np
import pytest
from keras import ops

from gankit import autodiff, backend, replicas


def numbers(tensor):
    return ops.convert_to_numpy(tensor).copy()


def test_gradients_are_those_of_the_variables_asked_for():
    a, b = keras.Variable([1.0, 2.0]), keras.Variable(3.0)
    extra, gradients = autodiff.value_and_gradients(
        lambda: (ops.sum(a**2) * b, {"b": b * 2.0}), [a]
    )
    assert float(extra["b"]) == 6.0
    np.testing.assert_allclose(numbers(gradients[0]), [6.0, 12.0])


def test_what_the_loss_changes_stays_changed():
    norm = keras.layers.BatchNormalization(momentum=0.5)
    dropout = keras.layers.Dropout(0.5, seed=0)
    x = ops.convert_to_tensor([[0.0], [4.0]])
    norm(x), dropout(x)
    before = numbers(dropout.seed_generator.state.value)

    def loss():
        y = dropout(norm(x, training=True), training=True)
        return ops.sum(y), ()

    autodiff.value_and_gradients(loss, norm.trainable_variables)
    assert float(norm.moving_mean[0]) == 1.0
    assert (numbers(dropout.seed_generator.state.value) != before).any()


def test_without_state_updates_statistics_stay_and_random_state_advances():
    network = keras.Sequential(
        [keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5, seed=1)]
    )
    x = np.random.default_rng(0).normal(3.0, size=(64, 2)).astype("float32")
    state = network.layers[-1].seed_generator.state
    before, weights = numbers(state.value), [numbers(w.value) for w in network.weights]
    with backend.without_state_updates(network):
        first = numbers(network(x, training=True))
    with backend.without_state_updates(network):
        second = numbers(network(x, training=True))
    for old, weight in zip(weights, network.weights, strict=True):
        np.testing.assert_array_equal(old, numbers(weight.value))
    assert numbers(state.value)[1] == before[1] + 2
    assert ((first == 0) != (second == 0)).any(), "both calls drew the same dropout mask"


def test_input_gradient_is_differentiable_again():
    # f(x) = w x^3: f' = 3 w x^2, and d/dw of the mean of f'^2 = 18 w x^4 for one example.
    w = keras.Variable(2.0)
    x = ops.convert_to_tensor([[3.0]])

    def loss():
        gradient = autodiff.input_gradient(lambda t: w * t**3, x)
        return ops.mean(gradient**2), gradient

    gradient, (of_w,) = autodiff.value_and_gradients(loss, [w])
    assert float(gradient[0, 0]) == pytest.approx(54.0)
    assert float(of_w) == pytest.approx(18 * 2.0 * 81)


def test_input_gradient_keeps_what_the_function_changes():
    norm = keras.layers.BatchNormalization(momentum=0.5)
    x = ops.convert_to_tensor([[0.0], [4.0]])
    norm(x)
    autodiff.input_gradient(lambda t: norm(t, training=True) ** 2, x)
    assert float(norm.moving_mean[0]) == 1.0


def test_a_batch_on_one_device_is_the_whole_batch():
    assert replicas.global_batch(7) == (0, 7) and replicas.share_of_batch(7) == 1.0


def test_the_users_choice_of_xla_stands():
    assert backend.resolve_jit_compile(True) is True
    assert backend.resolve_jit_compile(False) is False
    if keras.backend.backend() != "tensorflow":
        assert backend.resolve_jit_compile(None) == "auto"


def test_a_branch_that_is_not_taken_changes_nothing():
    norm = keras.layers.BatchNormalization(momentum=0.5)
    x = ops.convert_to_tensor([[0.0], [4.0]])
    norm(x)
    for limit, mean in ((3.0, 0.0), (1.0, 1.0)):
        taken = ops.convert_to_tensor(2.0) > limit
        value = autodiff.cond(taken, lambda: ops.sum(norm(x, training=True)) + 7.0)
        assert float(value) == pytest.approx(7.0 if limit == 1.0 else 0.0, abs=1e-5)
        assert float(norm.moving_mean[0]) == mean


def test_a_branch_is_differentiated_through():
    w = keras.Variable(2.0)
    for due, expected in ((True, 12.0), (False, 0.0)):
        due = ops.convert_to_tensor(due)

        def loss(due=due):
            value = autodiff.cond(due, lambda: w * w * w)
            return 2.0 * value + 0.0 * w, value

        _, (gradient,) = autodiff.value_and_gradients(loss, [w])
        assert float(gradient) == 2.0 * expected


def test_a_branch_after_a_loss_is_differentiated_for_itself():
    w = keras.Variable(2.0)
    autodiff.value_and_gradients(lambda: (w * w, ops.ones(())), [w])
    due, x = ops.convert_to_tensor(True), ops.convert_to_tensor([3.0, 4.0])

    def gradient(x):
        return autodiff.input_gradient(lambda x: autodiff.cond(due, lambda: ops.sum(x * x)), x)

    if keras.backend.backend() == "tensorflow":  # in a graph, where the branch is one
        import tensorflow as tf

        gradient = tf.function(gradient)
    np.testing.assert_array_equal(numbers(gradient(x)), [6.0, 8.0])


def test_a_loss_that_was_refused_leaves_nothing_behind():
    def refused():
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        autodiff.value_and_gradients(refused, [keras.Variable(2.0)])
    test_a_branch_after_a_loss_is_differentiated_for_itself()


def test_a_loss_without_variables_has_no_gradients():
    w = keras.Variable(2.0)
    value, (gradient,) = autodiff.value_and_gradients(lambda: (ops.ones(()), ops.ones(())), [w])
    assert float(value) == 1.0 and (gradient is None or float(gradient) == 0.0)
