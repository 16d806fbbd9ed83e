"""What an epoch took, in the history of the training."""

import time

import keras


class Seconds(keras.callbacks.Callback):
    """Adds `seconds` and the processor's `cpu_seconds` to the logs of every epoch.

    Stands before callbacks that measure, so that their work does not count.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self.begun = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.begun[0]
        logs["cpu_seconds"] = time.process_time() - self.begun[1]
